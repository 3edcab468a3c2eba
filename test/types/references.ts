/* Checked by `npm run check` (tsc); never run. */
import { expectTypeOf } from 'expect-type'
import type { Kysely, Selectable } from 'kysely'
import { createRepositories, type Repositories, type RowOf, type TablesMetadata } from '../../src/index.ts'

interface DB {
  country: { code: string; alpha3: string; name: string }
  city: { id: number; country_code: string; iso3: string | null; twin_id: number | null; name: string }
  price: { country: string; valid_from: Date; amount: string }
  purchase: { id: number; country: string; price_from: Date | null }
}

const CountryCode = { DE: 'DE', FR: 'FR' } as const

const plain = { columns: [], uniqueKeys: [], indexes: [] } as const
const tables = {
  country: { ...plain, name: 'country', primaryKey: ['code'], constants: { code: CountryCode } },
  city: {
    ...plain,
    name: 'city',
    primaryKey: ['id'],
    foreignKeys: {
      country_code: { columns: ['country_code'], targetTable: 'country', targetColumns: ['code'] },
      iso3: { columns: ['iso3'], targetTable: 'country', targetColumns: ['alpha3'] },
      twin_id: { columns: ['twin_id'], targetTable: 'city', targetColumns: ['id'] },
      mayor: { columns: ['id'], targetTable: 'person', targetColumns: ['id'] },
    },
  },
  price: { ...plain, name: 'price', primaryKey: ['country', 'valid_from'] },
  purchase: {
    ...plain,
    name: 'purchase',
    primaryKey: ['id'],
    foreignKeys: {
      purchase_price: {
        columns: ['country', 'price_from'],
        targetTable: 'price',
        targetColumns: ['country', 'valid_from'],
      },
    },
  },
} as const satisfies TablesMetadata

type Country = RowOf<DB, 'country'>

declare const db: Kysely<DB>
const repos = createRepositories({ db, tables, cache: { city: 'immutable', country: 'versioned' } })
const city = await repos.city.findByKeyOrThrow(1)

// The row of the referenced table, which may be absent, whatever the constants of that table.
expectTypeOf(repos.city.findReferenced(city, 'country_code')).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.city.findReferencedOrThrow(city, 'country_code')).resolves.toEqualTypeOf<Country>()
expectTypeOf(repos.city.findReferenced(city, 'iso3')).resolves.toEqualTypeOf<Country | undefined>()
expectTypeOf(repos.city.findReferencedOrThrow(city, 'twin_id')).resolves.toEqualTypeOf(city)
const purchase = await repos.purchase.findByKeyOrThrow(1)
expectTypeOf(repos.purchase.findReferencedOrThrow(purchase, 'purchase_price')).resolves.toEqualTypeOf<
  RowOf<DB, 'price'>
>()

// Any row with the key's columns: of a plain query, of an outer join.
declare const selected: Selectable<DB['purchase']>
declare const joined: { country_code: string | null; amount: string | null }
repos.purchase.findReferenced(selected, 'purchase_price')
repos.city.findReferenced(joined, 'country_code')
repos.city.findReferenced({ country_code: 'FR' }, 'country_code')

// Every set has them.
repos.$forRequest().city.findReferenced(city, 'country_code')
repos.$table('city').findReferenced(city, 'country_code')
repos.$transaction((trx) => trx.city.findReferencedOrThrow(city, 'country_code'))
declare const declared: Repositories<DB, typeof tables>
declared.city.findReferenced(city, 'twin_id')

// @ts-expect-error a column without a foreign key
repos.city.findReferenced(city, 'name')
// @ts-expect-error a key of several columns is named by its constraint
repos.purchase.findReferenced(purchase, 'country')
// @ts-expect-error a key to a table that has no repository
repos.city.findReferenced(city, 'mayor')
// @ts-expect-error a row without the column
repos.city.findReferenced({ iso3: 'FRA' }, 'country_code')
// @ts-expect-error a row with only one of the columns
repos.purchase.findReferenced({ country: 'FR' }, 'purchase_price')
// @ts-expect-error a value of another type
repos.city.findReferenced({ country_code: 5 }, 'country_code')
// @ts-expect-error the row of another table
repos.city.findReferenced(purchase, 'country_code')
// @ts-expect-error a table without foreign keys
repos.country.findReferenced({ code: 'FR' }, 'code')
