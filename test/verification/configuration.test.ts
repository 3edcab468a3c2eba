import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Kysely, MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'
import {
  ConfigurationError,
  createDatabase,
  createRepositories,
  type TablesMetadata,
} from '../../src/index.ts'
import { type AnyDB, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

describe('a wrong configuration', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      ...COUNTRIES,
      'create table moment (id int not null primary key, at datetime not null)',
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  const atOnce: [string, object, RegExp][] = [
    ['an unknown table in cache', { cache: { planet: 'immutable' } }, /cache names "planet"/],
    [
      'a table that only a prototype has',
      { cache: { constructor: 'immutable' } },
      /cache names "constructor"/,
    ],
    [
      'an unknown cache mode',
      { cache: { country: 'forever' } },
      /mode "forever" of country is not supported/,
    ],
    ['a poll that never comes', { versions: { pollInterval: 0 } }, /versions\.pollInterval must be/],
    ['an unknown answer to outages', { versions: { whenUnverified: 'hope' } }, /whenUnverified must be/],
    ['an unknown statement form', { statementForm: 'in' }, /statementForm must be/],
    [
      'a bound that is none',
      { cache: { country: { mode: 'immutable', maxRows: 0 } } },
      /maxRows of country must be/,
    ],
    [
      'an endless bound',
      { cache: { country: { mode: 'immutable', maxRows: Infinity } } },
      /maxRows of country must be/,
    ],
    ['a batch size that is none', { maxBatchSize: 1.5 }, /maxBatchSize must be/],
    ['a missing database', { db: undefined }, /db is not a Kysely instance/],
    ['missing metadata', { tables: undefined }, /tables is missing/],
  ]
  for (const [what, options, message] of atOnce) {
    it(`is refused at once: ${what}`, () => {
      assert.throws(
        () => data.repositories(options),
        (error: Error) => {
          assert.ok(error instanceof ConfigurationError)
          assert.match(error.message, message)
          return true
        },
      )
    })
  }

  it('rejects every read, and $ready, with the same error: READ UNCOMMITTED', async () => {
    const pool = createPool({ uri: data.test.url, charset: 'utf8mb4' })
    pool.on('connection', (connection) => {
      connection.query("set time_zone = '+00:00'")
      connection.query('set session transaction isolation level read uncommitted')
    })
    await using db = new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool }) })
    const repos = createRepositories({ db, tables: data.tables })
    const reads = [repos.$table('country').findByKey('FR' as never), repos.$ready()]
    for (const read of reads) await assert.rejects(read, /READ UNCOMMITTED/)
  })

  const sessions: [string, object, string | undefined, RegExp][] = [
    [
      'a charset that lacks characters',
      { charset: 'latin1' },
      undefined,
      /character_set_client = latin1.*utf8mb4/,
    ],
    ['autocommit off', {}, 'set autocommit = 0', /autocommit off/],
    ['a time zone that is not UTC', {}, "set time_zone = '+02:00'", /time_zone = \+02:00/],
    ['a driver that reads dates otherwise', { timezone: '+03:00' }, "set time_zone = '+00:00'", /DATETIME/],
  ]
  for (const [what, options, statement, message] of sessions) {
    it(`is refused before the first read: ${what}`, async () => {
      const pool = createPool({ uri: data.test.url, charset: 'utf8mb4', ...options })
      if (statement) {
        pool.on('connection', (connection) => {
          connection.query(statement)
        })
      }
      await using db = new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool }) })
      const repos = createRepositories({ db, tables: data.tables })
      await assert.rejects(repos.$table('country').findByKey('FR' as never), (error: Error) => {
        assert.ok(error instanceof ConfigurationError, String(error))
        assert.match(error.message, message)
        return true
      })
    })
  }

  it('is refused for one table alone: stale metadata', async () => {
    const { country, moment } = data.tables
    const stale: [string, TablesMetadata[string], RegExp][] = [
      [
        'a dropped column',
        { ...country!, columns: [...country!.columns, { name: 'gone', type: 'int' }] },
        /column gone does not exist/,
      ],
      [
        'another collation',
        {
          ...country!,
          columns: country!.columns.map((one) =>
            one.name === 'code' ? { ...one, collation: 'utf8mb4_bin' } : one,
          ),
        },
        /column code has collation "utf8mb4_general_ci", generated was "utf8mb4_bin"/,
      ],
      [
        'a dropped index',
        { ...country!, uniqueKeys: [{ name: 'country_name', columns: ['name'] }] },
        /index country_name \(name\) does not exist/,
      ],
      [
        'another primary key',
        { ...country!, primaryKey: ['alpha3'] },
        /primary key is \(code\), generated was \(alpha3\)/,
      ],
      ['a dropped table', { ...country!, name: 'nowhere' }, /does not exist in this database/],
    ]
    for (const [what, metadata, message] of stale) {
      const repos = createRepositories({
        db: data.db,
        tables: { moment: moment!, [metadata.name]: metadata },
      })
      const broken = repos.$table(metadata.name)
      await assert.rejects(broken.findByKey('FR' as never), message, what)
      await assert.rejects(broken.findByKey('FR' as never), ConfigurationError, what)
      await assert.rejects(repos.$ready(), /kysely-lookup generate/, what)
      assert.equal(await repos.$table('moment').findByKey(1 as never), undefined, what)
    }
  })

  it('is not a new column or index that the metadata does not know yet', async () => {
    await data.run('alter table moment add column note varchar(10), add index moment_at (at)')
    await data.repositories().$ready()
  })

  it('an unreachable server is not remembered', async () => {
    await using db = createDatabase<AnyDB>({
      uri: data.test.url.replace(/\/[^/]*$/, `/${data.test.name}_later`),
    })
    const repos = createRepositories({ db, tables: data.tables })
    await assert.rejects(repos.$table('country').findByKey('FR' as never), { code: 'ER_BAD_DB_ERROR' })
    const name = `\`${data.test.name}_later\``
    await data.run(
      `create database ${name}`,
      `create table ${name}.country like country`,
      `create table ${name}.moment like moment`,
    )
    try {
      assert.equal(await repos.$table('country').findByKey('FR' as never), undefined)
    } finally {
      await data.run(`drop database ${name}`)
    }
  })
})
