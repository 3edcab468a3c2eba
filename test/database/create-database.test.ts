import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createPool } from 'mysql2'
import { createPool as createPromisePool } from 'mysql2/promise'
import {
  ConfigurationError,
  createDatabase,
  createRepositories,
  UnrepresentableValueError,
} from '../../src/index.ts'
import { type AnyDB, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

describe('createDatabase', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(COUNTRIES)
  })
  after(() => data[Symbol.asyncDispose]())

  it('speaks utf8mb4 and UTC on every connection', async () => {
    const { rows } = await sql<Record<string, string>>`select @@session.time_zone z, @@character_set_client c,
      @@character_set_results r, @@character_set_connection n`.execute(data.db)
    assert.deepEqual(rows, [{ z: '+00:00', c: 'utf8mb4', r: 'utf8mb4', n: 'utf8mb4' }])
  })

  it('reads values in plain Kysely queries as the generated types say', async () => {
    const { rows } = await sql<Record<string, unknown>>`select cast('2020-01-02' as date) d,
      timestamp('2020-01-02 03:04:05.678') t, timestamp('2020-01-02 03:04:05.678901') t6,
      cast('1.10' as decimal(4,2)) n, cast(7 as signed) i, count(*) c from country`.execute(data.db)
    assert.deepEqual(rows, [
      {
        d: '2020-01-02',
        t: new Date('2020-01-02T03:04:05.678Z'),
        t6: '2020-01-02 03:04:05.678901',
        n: '1.10',
        i: 7,
        c: 5,
      },
    ])
  })

  it('streams decoded rows', async () => {
    const times: unknown[] = []
    const query = data.db.selectFrom('country').select(sql`timestamp('2020-01-02 03:04:05')`.as('t'))
    for await (const row of query.stream()) times.push(row.t)
    assert.deepEqual(times, new Array(5).fill(new Date('2020-01-02T03:04:05Z')))
  })

  it('fails rather than rounding an integer beyond 2^53, and reads it when an option says so', async () => {
    const query = sql<{ b: unknown }>`select cast(9007199254740993 as signed) b`
    await assert.rejects(query.execute(data.db), (error: Error) => {
      assert.ok(error instanceof UnrepresentableValueError)
      assert.doesNotMatch(error.message, /9007199254740993/)
      return true
    })
    for (const [bigint, expected] of [
      ['bigint', 9007199254740993n],
      ['string', '9007199254740993'],
    ] as const) {
      await using db = createDatabase<AnyDB>({ uri: data.test.url, bigint })
      assert.deepEqual((await query.execute(db)).rows, [{ b: expected }])
    }
  })

  it('lets running statements and transactions finish when it is destroyed', async () => {
    await using db = createDatabase<AnyDB>({ uri: data.test.url })
    const statement = sql<{ done: number }>`select sleep(0.1) + 1 done`.execute(db)
    let destroyed: Promise<void> | undefined
    const transaction = db.transaction().execute(async (trx) => {
      destroyed = db.destroy()
      await new Promise(setImmediate)
      return sql<{ done: number }>`select 2 done`.execute(trx)
    })
    assert.deepEqual((await statement).rows, [{ done: 1 }])
    assert.deepEqual((await transaction).rows, [{ done: 2 }])
    await destroyed
    await assert.rejects(sql`select 3`.execute(db), /destroyed|closed/)
  })

  it('accepts what a URL may add: several statements in one text, and the names that mysql2 has for utf8mb4', async () => {
    const url = new URL(data.test.url)
    url.search = '?multipleStatements=true&charset=UTF8MB4_GENERAL_CI&flags=-LOCAL_FILES'
    await using db = createDatabase<AnyDB>({ uri: url.href })
    await sql`select 1; select 2`.execute(db)
    const repos = createRepositories({ db, tables: data.tables })
    assert.equal((await repos.$table('country').findByKey('FR' as never))?.name, 'France')
  })

  it('refuses at once when too many callers wait for a connection', async () => {
    await using db = createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 1, queueLimit: 1 })
    await db.connection().execute(async () => {
      const results = [sql`select 1`.execute(db), sql`select 2`.execute(db)]
      await assert.rejects(results[1]!, /Queue limit/)
      results[0]!.catch(() => {})
    })
  })

  it("refuses a 'mysql2/promise' pool, on which Kysely would wait forever", async () => {
    await using promisePool = createPromisePool(data.test.url)
    for (const attempt of [
      () => createDatabase({ pool: promisePool as never }),
      () => createRepositories({ db: promisePool as never, tables: data.tables }),
    ]) {
      assert.throws(attempt, (error: Error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.match(error.message, /mysql2\/promise.*createPool from 'mysql2'/)
        return true
      })
    }
  })

  it('accepts an existing pool whose settings leave values intact, and names a setting that does not', async () => {
    using wrong = createPool({ uri: data.test.url })
    assert.throws(
      () => createDatabase({ pool: wrong }),
      /the pool has dateStrings: false, and true is needed/,
    )
    using casting = createPool({
      uri: data.test.url,
      dateStrings: true,
      supportBigNumbers: true,
      timezone: 'Z',
      typeCast: () => 1,
    })
    assert.throws(() => createDatabase({ pool: casting }), /the pool has typeCast: a function, and true/)
    const pool = createPool({
      uri: data.test.url,
      dateStrings: true,
      supportBigNumbers: true,
      timezone: 'Z',
      charset: 'utf8mb4',
    })
    await using db = createDatabase<AnyDB>({ pool })
    const repos = createRepositories({ db, tables: data.tables })
    assert.equal((await repos.$table('country').findByKey('FR' as never))?.name, 'France')
  })

  const refused: [string, object, RegExp][] = [
    ['an undefined uri', { uri: undefined }, /uri is undefined\. Set DATABASE_URL/],
    ['an empty uri', { uri: '' }, /uri is empty/],
    ['a uri that is none', { uri: 'root:s3cret@localhost' }, /not a mysql:\/\/ or mariadb:\/\/ URL/],
    ['another kind of server', { uri: 'postgres://root:s3cret@localhost/x' }, /not a mysql/],
    ['a pool that is none', { pool: {} }, /not a mysql2 pool/],
    [
      'a setting that decides values',
      { uri: 'mysql://localhost/x', dateStrings: false },
      /dateStrings decides/,
    ],
    ['a typeCast', { uri: 'mysql://localhost/x', typeCast: () => 1 }, /typeCast decides/],
    [
      'one in the URL',
      { uri: 'mysql://localhost/x?decimalNumbers=true' },
      /parameter decimalNumbers decides/,
    ],
    ['a typeCast in the URL', { uri: 'mysql://localhost/x?typeCast=false' }, /parameter typeCast decides/],
    ['rows as arrays in the URL', { uri: 'mysql://localhost/x?rowsAsArray=true' }, /parameter rowsAsArray/],
    ['dates as texts in the URL', { uri: 'mysql://localhost/x?dateStrings=true' }, /parameter dateStrings/],
    ['a time zone in the URL', { uri: 'mysql://localhost/x?timezone=local' }, /parameter timezone decides/],
    ['another charset in the URL', { uri: 'mysql://localhost/x?charset=latin1' }, /charset is not utf8mb4/],
    ['another charset', { uri: 'mysql://localhost/x', charset: 'utf8mb3' }, /charset is not utf8mb4/],
    ['flags in the URL', { uri: 'mysql://localhost/x?flags=-FOUND_ROWS' }, /takes away FOUND_ROWS/],
    ['flags', { uri: 'mysql://localhost/x', flags: ['-FOUND_ROWS'] }, /takes away FOUND_ROWS/],
    ['flags among others', { uri: 'mysql://localhost/x?flags=COMPRESS,-protocol_41' }, /away PROTOCOL_41/],
    ['one stream for all', { uri: 'mysql://localhost/x', stream: {} }, /stream is one stream/],
    ['half a connection', { uri: 'mysql://localhost/x', lookupConnections: 0.5 }, /0 or a positive integer/],
    ['fewer than none', { uri: 'mysql://localhost/x', lookupConnections: { count: -1 } }, /positive integer/],
  ]
  for (const [what, options, message] of refused) {
    it(`refuses ${what} without repeating a password`, () => {
      assert.throws(
        () => createDatabase(options),
        (error: Error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.match(error.message, message)
          assert.doesNotMatch(String(error.stack), /s3cret/)
          return true
        },
      )
    })
  }
})
