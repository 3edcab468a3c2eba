import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CamelCasePlugin, Kysely, MysqlDialect } from 'kysely'
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
    [
      'rows that expire, nobody knows when',
      { cache: { country: { mode: 'expiring' } } },
      /maxAge of country must be a positive integer/,
    ],
    [
      'rows that expire at once',
      { cache: { country: { mode: 'expiring', maxAge: 0 } } },
      /maxAge of country must be a positive integer/,
    ],
    [
      'a refresh after the end',
      { cache: { country: { mode: 'expiring', maxAge: 1_000, refreshAfter: 1_000 } } },
      /refreshAfter of country must be .* less than its maxAge of 1000/,
    ],
    [
      'a refresh that is none',
      { cache: { country: { mode: 'expiring', maxAge: 1_000, refreshAfter: '10' } } },
      /refreshAfter of country must be/,
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

  it('is a Kysely instance that createDatabase did not make, which is refused with the one-line fix', async () => {
    const pool = createPool({ uri: data.test.url, charset: 'utf8mb4' })
    const db = new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool }) })
    for (const foreign of [db, db.withPlugin(new CamelCasePlugin()), db.withSchema('x')]) {
      assert.throws(() => createRepositories({ db: foreign, tables: data.tables }), {
        code: 'KYSELY_LOOKUP_CONFIGURATION',
        message:
          /createDatabase did not make.*Make it from its pool: createDatabase\(\{ pool, plugins, log \}\)/,
      })
    }
    await db.destroy()
  })

  it('is a database bound to one connection, in whatever way', async () => {
    const refused = (db: Kysely<AnyDB>) =>
      assert.throws(() => createRepositories({ db, tables: data.tables }), {
        code: 'KYSELY_LOOKUP_CONFIGURATION',
        message: /bound to one connection.*repos\.\$withTransaction\(trx\)/,
      })
    await data.db.transaction().execute(async (trx) => {
      refused(trx)
      refused(trx.withPlugin(new CamelCasePlugin()))
    })
    const controlled = await data.db.startTransaction().execute()
    refused(controlled)
    await controlled.rollback().execute()
    await data.db.connection().execute(async (held) => {
      refused(held)
      refused(held.withoutPlugins())
      await held.transaction().execute(async (trx) => refused(trx))
    })
    for (const free of [data.db, data.db.withoutPlugins(), data.db.withTables<AnyDB>()]) {
      assert.ok(createRepositories({ db: free, tables: data.tables }))
    }
    const pascal = data.db.withPlugin(new CamelCasePlugin()).withoutPlugins()
    assert.ok(createRepositories({ db: pascal, tables: data.tables }))
  })

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
