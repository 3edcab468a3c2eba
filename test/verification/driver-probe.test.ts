import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Kysely, MysqlDialect } from 'kysely'
import { createPool, type PoolOptions, type TypeCastField, type TypeCastNext } from 'mysql2'
import { createPool as createPromisePool } from 'mysql2/promise'
import { generatedTable } from '../../src/codegen/generated-table.ts'
import {
  ConfigurationError,
  createDatabase,
  createRepositories,
  type DecodingOptions,
  type TablesMetadata,
  UnrepresentableValueError,
} from '../../src/index.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { type AnyDB, type AnyRepositories, type Lookups, lookups } from '../support/lookups.ts'

/** What a careful user of mysql2 sets. */
const CAREFUL: PoolOptions = {
  charset: 'utf8mb4',
  timezone: 'Z',
  dateStrings: ['DATE'],
  supportBigNumbers: true,
}

describe('a Kysely instance of the user', { concurrency: true }, () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      `create table plan (id int not null primary key, size bigint not null, flag tinyint(1) not null, price decimal(8,2),
        since date, at datetime(3), ts timestamp null, duration time(3), doc json, bits bit(1), code binary(2),
        label varchar(20) character set utf8mb4 collate utf8mb4_bin)`,
      `insert into plan values (1, 42, 1, 1.5, '2020-01-02', '2020-01-02 03:04:05.678', '2020-01-02', '-01:02:03.5',
        '{"a_b": [1]}', b'1', 'ab', 'größe')`,
      "insert into plan (id, size, flag, label) values (2, 9007199254740993, 0, 'large')",
      "set sql_mode = ''",
      "insert into plan (id, size, flag, at) values (3, 7, 0, '0000-00-00')",
      'create table precise (id int not null primary key, at datetime(6) not null)',
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  function connect(options: PoolOptions, ...statements: string[]): Kysely<AnyDB> {
    const pool = createPool({ uri: data.test.url, ...options })
    pool.on('connection', (connection) => {
      for (const statement of ["set time_zone = '+00:00'", ...statements]) connection.query(statement)
    })
    return new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool }) })
  }

  async function tablesOf(names: readonly string[], options: DecodingOptions = {}): Promise<TablesMetadata> {
    const { tables } = await readSchema(data.db, { tables: names })
    return Object.fromEntries(
      tables.map((table) => generatedTable(table, options)).map(({ name, metadata }) => [name, metadata]),
    )
  }

  const repositories = (db: Kysely<AnyDB>, tables: TablesMetadata) =>
    createRepositories({ db, tables }) as unknown as AnyRepositories

  it('is accepted when its driver reads values as generated', async () => {
    await using db = connect(CAREFUL)
    const repos = repositories(db, await tablesOf(['plan']))
    const { plan } = repositories(data.db, data.tables)
    assert.deepEqual(await repos.plan!.findByKey(1), await plan!.findByKey(1))
  })

  it('rejects only calls for what its driver cannot represent', async () => {
    await using db = connect(CAREFUL)
    const { plan } = repositories(db, await tablesOf(['plan']))
    const results = await Promise.allSettled([1, 2, 3].map((id) => plan!.findByKey(id)))
    assert.deepEqual(
      results.map((result) => result.status === 'rejected' && result.reason.constructor),
      [false, UnrepresentableValueError, UnrepresentableValueError],
    )
    const withNull = repositories(db, await tablesOf(['plan'], { zeroDates: 'null' }))
    assert.equal((await withNull.plan!.findByKey(3))?.at, null)
  })

  const cast =
    (type: string, made: (field: TypeCastField) => unknown) => (field: TypeCastField, next: TypeCastNext) =>
      field.type === type ? made(field) : next()

  const refused: [string, PoolOptions, DecodingOptions, RegExp][] = [
    ['rounds BIGINT', { supportBigNumbers: false }, {}, /BIGINT.*never rounded.*supportBigNumbers: true/],
    ['reads BIGINT as text', { bigNumberStrings: true }, {}, /BIGINT \(a number/],
    ['has no bigint', {}, { bigint: 'bigint' }, /BIGINT \(a bigint/],
    ['reads small BIGINT as numbers', {}, { bigint: 'string' }, /BIGINT \(a string.*bigNumberStrings: true/],
    ['makes a Date of DATE', { dateStrings: false }, {}, /DATE \(a string.*dateStrings: \['DATE'\]/],
    ['makes text of DATETIME', { dateStrings: true }, {}, /DATETIME \(a Date/],
    ['makes text of TIMESTAMP alone', { dateStrings: ['DATE', 'TIMESTAMP'] }, {}, /reads TIMESTAMP \(a Date/],
    ['has another time zone', { timezone: '+05:00' }, {}, /DATETIME.*timezone: 'Z'/],
    ['makes numbers of DECIMAL', { decimalNumbers: true }, {}, /DECIMAL \(a string/],
    ['leaves JSON as text', { jsonStrings: true }, {}, /JSON \(its parsed value.*jsonStrings: false/],
    [
      'makes booleans',
      { typeCast: cast('TINY', (field) => field.string() === '1') },
      {},
      /TINYINT\(1\) \(a number.*no typeCast/,
    ],
    ['makes no booleans', {}, { tinyint1: 'boolean' }, /TINYINT\(1\) \(a boolean/],
    [
      'makes booleans of BIT',
      { typeCast: cast('BIT', (field) => field.buffer()?.[0] === 1) },
      {},
      /BIT \(a Buffer/,
    ],
    [
      'makes text of BINARY',
      { typeCast: cast('STRING', (field) => field.string()) },
      {},
      /BINARY \(a Buffer/,
    ],
  ]
  for (const [what, options, decoding, message] of refused) {
    it(`is refused before the first read, with the fix, when its driver ${what}`, async () => {
      await using db = connect({ ...CAREFUL, ...options })
      const { plan } = repositories(db, await tablesOf(['plan'], decoding))
      await assert.rejects(plan!.findByKey(1), (error: Error) => {
        assert.ok(error instanceof ConfigurationError, String(error))
        assert.match(error.message, message)
        assert.match(error.message, /createDatabase/)
        return true
      })
    })
  }

  it('may read booleans when they are generated', async () => {
    const typeCast = (field: TypeCastField, next: TypeCastNext) =>
      field.type === 'TINY' && field.length === 1 ? field.string() === '1' : next()
    await using db = connect({ ...CAREFUL, typeCast })
    const { plan } = repositories(db, await tablesOf(['plan'], { tinyint1: 'boolean' }))
    assert.equal((await plan!.findByKey(1))?.flag, true)
  })

  it('is refused when a Date would lose microseconds', async () => {
    await using db = connect(CAREFUL)
    const { precise } = repositories(db, await tablesOf(['precise']))
    await assert.rejects(precise!.findByKey(1), /DATETIME\(6\) \(a string with its microseconds/)
  })

  it('is refused when a value could end its string, and lookups of createDatabase have sessions of their own', async () => {
    const statement = "set sql_mode = 'NO_BACKSLASH_ESCAPES'"
    const message = /sql_mode NO_BACKSLASH_ESCAPES.*take it out/
    await using db = connect(CAREFUL, statement)
    await assert.rejects(repositories(db, await tablesOf(['plan'])).plan!.findByKey(1), message)
    const pool = createPool({ uri: data.test.url, ...CAREFUL, dateStrings: true })
    pool.on('connection', (connection) => {
      connection.query(statement)
    })
    await using own = createDatabase<AnyDB>({ pool })
    assert.equal((await repositories(own, data.tables).plan!.findByKey(1))?.label, 'größe')
  })

  it('works in every other sql_mode', async () => {
    const modes = [
      'ANSI',
      'ANSI_QUOTES,PIPES_AS_CONCAT,IGNORE_SPACE',
      'PAD_CHAR_TO_FULL_LENGTH',
      'TRADITIONAL',
    ]
    const own = data.test.system === 'mariadb' ? ['ORACLE', 'MSSQL', 'EMPTY_STRING_IS_NULL'] : []
    for (const mode of [...modes, ...own]) {
      await using db = connect(CAREFUL, `set sql_mode = '${mode}'`)
      const { plan } = repositories(db, await tablesOf(['plan']))
      assert.equal((await plan!.findByKey(1))?.label, 'größe', mode)
    }
  })

  it("on a pool of 'mysql2/promise' rejects, instead of waiting forever", async () => {
    await using pool = createPromisePool({ uri: data.test.url })
    const db = new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool: pool as never }) })
    const { plan } = repositories(db, await tablesOf(['plan']))
    await assert.rejects(plan!.findByKey(1), {
      code: 'KYSELY_LOOKUP_NO_ANSWER',
      message: /'mysql2\/promise'.*import createPool from 'mysql2'/,
    })
  })
})
