/* Checked by `npm run check` (tsc); never run. */
import { expectTypeOf } from 'expect-type'
import type { ColumnType, Generated, Kysely, Transaction } from 'kysely'
import { createRepositories, type TablesMetadata, type TransactionRepositories } from '../../src/index.ts'

interface DB {
  country: { code: string; alpha3: string; numeric_code: number; name: string; continent: 'EU' | 'NA' }
  city: { id: Generated<number>; country_code: string; population: number; name: string }
  price: { country: string; plan: number; valid_from: ColumnType<Date, Date | string>; amount: string }
  token: { id: Buffer; owner: number | null }
  $odd: { id: number }
  report: { total: number }
}

const text = { type: 'varchar', length: 20, charset: 'ascii', collation: 'ascii_bin' } as const

const tables = {
  country: {
    name: 'country',
    columns: [{ name: 'code', ...text }],
    primaryKey: ['code'],
    uniqueKeys: [
      { name: 'country_alpha3', columns: ['alpha3'] },
      { name: 'country_numeric', columns: ['numeric_code'] },
    ],
    indexes: [{ name: 'country_continent', columns: ['continent', 'name'] }],
  },
  city: {
    name: 'city',
    columns: [{ name: 'id', type: 'int' }],
    primaryKey: ['id'],
    uniqueKeys: [],
    indexes: [{ name: 'city_country', columns: ['country_code', 'population'] }],
  },
  price: {
    name: 'price',
    columns: [],
    primaryKey: ['country', 'plan', 'valid_from'],
    uniqueKeys: [],
    indexes: [],
  },
  token: {
    name: 'token',
    columns: [],
    primaryKey: ['id'],
    uniqueKeys: [{ name: 'token_owner', columns: ['owner'] }],
    indexes: [],
  },
  $odd: { name: '$odd', columns: [], primaryKey: ['id'], uniqueKeys: [], indexes: [] },
} as const satisfies TablesMetadata

declare const db: Kysely<DB>
declare const transaction: Transaction<DB>
const repos = createRepositories({ db, tables, cache: { city: 'immutable', country: { mode: 'immutable' } } })

// Rows are read-only and as `DB` says.
expectTypeOf(repos.country.findByKey('FR')).resolves.toEqualTypeOf<
  | {
      readonly code: string
      readonly alpha3: string
      readonly numeric_code: number
      readonly name: string
      readonly continent: 'EU' | 'NA'
    }
  | undefined
>()
expectTypeOf(repos.city.findByKeyOrThrow(1)).resolves.toHaveProperty('id').toEqualTypeOf<number>()
expectTypeOf(repos.city.peek(1)).exclude<undefined>().toHaveProperty('name').toEqualTypeOf<string>()
expectTypeOf(repos.city.findByKeys([1, 2n]))
  .resolves.items.exclude<undefined>()
  .toHaveProperty('id')
expectTypeOf(repos.city.findAllBy({ country_code: 'FR' })).resolves.items.toHaveProperty('name')
expectTypeOf(repos.$withTransaction(transaction).$db).toEqualTypeOf<Transaction<DB>>()
expectTypeOf(repos.$request(() => 5)).toEqualTypeOf<number>()
expectTypeOf(repos.$request(async () => 'x')).toEqualTypeOf<Promise<string>>()
expectTypeOf(repos.$forRequest().city).toEqualTypeOf(repos.city)

// Keys: the value of a one-column primary key, or exactly the columns of one unique key.
repos.country.findByKey({ code: 'FR' })
repos.country.findByKey({ alpha3: 'FRA' })
repos.country.findByKey({ numeric_code: 250 })
repos.city.findByKey(2988507n)
repos.price.findByKey({ plan: 1, country: 'FR', valid_from: new Date() })
repos.price.findByKey({ plan: 1, country: 'FR', valid_from: '2026-01-01 00:00:00' })
repos.token.findByKey(new Uint8Array(16))
repos.token.findByKey({ owner: 5 })
repos.$table('$odd').findByKey(1)
repos.$table('city').findByKey(1)

// @ts-expect-error a number is no country code
repos.country.findByKey(1)
// @ts-expect-error a string is no city id
repos.city.findByKey('1')
// @ts-expect-error a column that does not exist
repos.country.findByKey({ iso: 'FR' })
// @ts-expect-error a column that is not unique
repos.country.findByKey({ name: 'France' })
// @ts-expect-error the columns of two keys
repos.country.findByKey({ code: 'FR', alpha3: 'FRA' })
// @ts-expect-error a wrong value type
repos.country.findByKey({ alpha3: 5 })
// @ts-expect-error an empty object
repos.country.findByKey({})
// @ts-expect-error a composite primary key has no scalar
repos.price.findByKey('FR')
// @ts-expect-error a missing part
repos.price.findByKey({ country: 'FR', plan: 1 })
// @ts-expect-error one bad key among several
repos.city.findByKeys([1, '2'])

// A key may be missing, as a whole or in part: no row has it. What writes needs one.
declare const order: { city: number | null; owner?: number; country: string | null; plan: number | undefined }
expectTypeOf(repos.city.findByKey(order.city)).resolves.toBeNullable()
repos.city.findByKey(undefined)
repos.city.findByKeys([1, null, order.city, undefined])
repos.city.peek(order.city)
repos.city.findByKeyOrThrow(order.city)
repos.token.findByKey({ owner: order.owner })
repos.token.findByKey({ owner: null })
repos.price.findByKey({ country: order.country, plan: order.plan, valid_from: null })
repos.country.findAllBy({ continent: null, name: order.country })
repos.country.findAllBy(null)
repos.token.update(new Uint8Array(16), { owner: null })
// @ts-expect-error a missing part
repos.price.findByKey({ country: null, plan: null })
// @ts-expect-error the columns of two keys
repos.country.findByKey({ code: 'FR', alpha3: null })
// @ts-expect-error a wrong value type beside a null
repos.price.findByKey({ country: 5, plan: null, valid_from: null })
// @ts-expect-error a write needs a key
repos.token.delete(null)
// @ts-expect-error a write needs a whole key
repos.price.update({ country: 'FR', plan: null, valid_from: new Date() }, { amount: '1' })
// @ts-expect-error a write needs a key
repos.token.update(undefined, { owner: 1 })

// findAllBy: the leading columns of an index, unique or not.
repos.city.findAllBy({ country_code: 'FR', population: 1 })
repos.country.findAllBy({ continent: 'EU' })
repos.country.findAllBy({ name: 'x', continent: 'EU' })
repos.country.findAllBy({ alpha3: 'FRA' })
repos.price.findAllBy({ country: 'FR', plan: 1 })
// @ts-expect-error not the leading column
repos.city.findAllBy({ population: 1 })
// @ts-expect-error not a value of the column
repos.country.findAllBy({ continent: 'XX' })
// @ts-expect-error no index has this column
repos.city.findAllBy({ name: 'Paris' })
// @ts-expect-error a gap: the second column is missing
repos.price.findAllBy({ country: 'FR', valid_from: new Date() })
// @ts-expect-error columns of two indexes
repos.country.findAllBy({ alpha3: 'FRA', continent: 'EU' })

// @ts-expect-error a table without a key has no repository
repos.report
// @ts-expect-error a name with $ is reached through $table
repos.$odd
// @ts-expect-error no such table
repos.$table('planet')
// @ts-expect-error the cache names a table that does not exist
createRepositories({ db, tables, cache: { planet: 'immutable' } })
// @ts-expect-error no such mode
createRepositories({ db, tables, cache: { city: 'forever' } })
const row = await repos.city.findByKeyOrThrow(1)
// @ts-expect-error rows are read-only
row.name = 'x'
// @ts-expect-error not a transaction
repos.$withTransaction(db)

// `preload` and `all` belong to tables with a cache.
const cached = createRepositories({
  db,
  tables,
  cache: {
    city: 'immutable',
    country: { mode: 'versioned', maxRows: 10 },
    price: { mode: 'expiring', maxAge: 1_000 },
  },
})
expectTypeOf(cached.city.preload()).resolves.toEqualTypeOf<number>()
expectTypeOf(cached.country.preload()).resolves.toEqualTypeOf<number>()
expectTypeOf(cached.country.all()).resolves.items.toHaveProperty('alpha3')
expectTypeOf(cached.price.all()).resolves.items.toHaveProperty('amount')
expectTypeOf(cached.$table('price').all()).resolves.items.toHaveProperty('amount')
expectTypeOf(cached.$forRequest().country.all()).resolves.items.toHaveProperty('alpha3')
// @ts-expect-error: nothing tells when a row was added to an immutable table.
cached.city.all()
// @ts-expect-error: the table is not cached.
cached.token.all()
// @ts-expect-error: the table is not cached.
cached.token.preload()
// @ts-expect-error: the table is not cached.
cached.$table('token').preload()
const uncached = createRepositories({ db, tables })
// @ts-expect-error: no table is cached.
uncached.country.preload()

// One type for what works in a transaction or not.
declare function service(
  repos: TransactionRepositories<
    DB,
    typeof tables,
    { city: 'immutable'; country: 'versioned'; price: { mode: 'expiring'; maxAge: number } }
  >,
): Promise<void>
service(cached)
service(cached.$forRequest())
service(cached.$withTransaction(transaction))
cached.$transaction((trx) => service(trx), { ambient: true })
expectTypeOf(cached.$db).toEqualTypeOf<Kysely<DB>>()
cached.$transaction(async (trx) => expectTypeOf(trx.$db).toEqualTypeOf<Transaction<DB>>())
expectTypeOf(cached.$withoutTransaction(() => 5)).toEqualTypeOf<number>()
