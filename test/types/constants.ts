/* Checked by `npm run check` (tsc); never run. */
import { expectTypeOf } from 'expect-type'
import type { Kysely } from 'kysely'
import { createRepositories, type TablesMetadata } from '../../src/index.ts'

interface DB {
  country: { code: string; alpha3: string; continent: string; name: string }
  plan: { id: number; slug: string; price: string }
  pair: { country: string; plan: number; weight: number }
}

const CountryCode = { DE: 'DE', FR: 'FR' } as const
type CountryCode = (typeof CountryCode)[keyof typeof CountryCode]
const PlanId = { '1': 1, '2': 2 } as const
const PlanSlug = { free: 'free', pro: 'pro' } as const

const tables = {
  country: {
    name: 'country',
    columns: [],
    primaryKey: ['code'],
    uniqueKeys: [{ name: 'country_alpha3', columns: ['alpha3'] }],
    indexes: [{ name: 'country_continent', columns: ['continent'] }],
    constants: { code: CountryCode },
  },
  plan: {
    name: 'plan',
    columns: [],
    primaryKey: ['id'],
    uniqueKeys: [
      { name: 'plan_slug', columns: ['slug'] },
      { name: 'plan_both', columns: ['slug', 'id'] },
    ],
    indexes: [],
    constants: { id: PlanId, slug: PlanSlug },
  },
  pair: { name: 'pair', columns: [], primaryKey: ['country', 'plan'], uniqueKeys: [], indexes: [] },
} as const satisfies TablesMetadata

declare const db: Kysely<DB>
declare const text: string
declare const number: number
declare const pattern: `${string}-${string}`
declare const known: CountryCode
declare const maybe: 'FR' | 'XX'
const repos = createRepositories({ db, tables, cache: { country: 'versioned' } })

interface Country {
  readonly code: string
  readonly alpha3: string
  readonly continent: string
  readonly name: string
}

// A constant is taken to be there, in any form of the key.
expectTypeOf(repos.country.findByKey('FR')).resolves.toEqualTypeOf<Country>()
expectTypeOf(repos.country.findByKey(CountryCode.DE)).resolves.toEqualTypeOf<Country>()
expectTypeOf(repos.country.findByKey(known)).resolves.toEqualTypeOf<Country>()
expectTypeOf(repos.country.findByKey({ code: 'FR' })).resolves.toEqualTypeOf<Country>()
expectTypeOf(repos.country.findByKeys(['FR', 'DE'])).resolves.toEqualTypeOf<Country[]>()
expectTypeOf(repos.plan.findByKey(1)).resolves.not.toBeNullable()
expectTypeOf(repos.plan.findByKey(2n)).resolves.not.toBeNullable()
expectTypeOf(repos.plan.findByKey({ slug: 'pro' })).resolves.not.toBeNullable()
expectTypeOf(repos.$table('plan').findByKey({ slug: 'pro' })).resolves.not.toBeNullable()
expectTypeOf(repos.$forRequest().country.findByKey('FR')).resolves.toEqualTypeOf<Country>()

// What the compiler does not know may be absent.
expectTypeOf(repos.country.findByKey(text)).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.country.findByKey(pattern)).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.country.findByKey({ code: text })).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.country.findByKey({ alpha3: 'FRA' })).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.country.findByKeys(['FR', text])).resolves.toEqualTypeOf<(Country | undefined)[]>()
expectTypeOf(repos.country.findByKeys([text])).resolves.toEqualTypeOf<(Country | undefined)[]>()
expectTypeOf(repos.country.peek('FR')).toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.plan.findByKey(number)).resolves.toBeNullable()
declare const missing: 'FR' | null
declare const perhaps: string | null | undefined
expectTypeOf(repos.country.findByKey(missing)).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.country.findByKey(perhaps)).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.country.findByKey({ code: missing })).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.country.findByKeys(['FR', missing, null])).resolves.toEqualTypeOf<
  (Country | undefined)[]
>()
expectTypeOf(repos.country.findByKeyOrThrow(perhaps)).resolves.toEqualTypeOf<Country>()
expectTypeOf(repos.plan.findByKey({ slug: 'pro', id: 1 })).resolves.toBeNullable()
expectTypeOf(repos.country.findByKeyOrThrow(text)).resolves.toEqualTypeOf<Country>()

// @ts-expect-error no such country when it was generated
repos.country.findByKey('XX')
// @ts-expect-error in an object neither
repos.country.findByKey({ code: 'XX' })
// @ts-expect-error nor among several
repos.country.findByKeys(['FR', 'XX'])
// @ts-expect-error nor where it is thrown for
repos.country.findByKeyOrThrow('XX')
// @ts-expect-error nor in the cache
repos.country.peek('XX')
// @ts-expect-error one of two literals is no country
repos.country.findByKey(maybe)
// @ts-expect-error no such plan
repos.plan.findByKey(3)
// @ts-expect-error nor as a bigint
repos.plan.findByKey(3n)
// @ts-expect-error another spelling is another literal
repos.country.findByKey('fr')
// @ts-expect-error a number is no country code
repos.country.findByKey(1)
// @ts-expect-error a column that is not unique
repos.country.findByKey({ name: 'France' })
// @ts-expect-error a column that does not exist
repos.country.findByKey({ code: 'FR', iso: 'FR' })

// Everything else is as for any table.
repos.country.findAllBy({ continent: 'EU' })
repos.country.update(text, { name: 'x' })
repos.pair.findByKey({ country: 'XX', plan: 9 })
