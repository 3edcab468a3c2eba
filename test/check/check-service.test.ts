import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { createPool } from 'mysql2'
import { guardedTables } from '../../src/check/cached-tables.ts'
import { checkMigrations } from '../../src/check/migrations.ts'
import { createDatabase } from '../../src/index.ts'
import { freeze, trackVersion } from '../../src/migration/index.ts'
import { ALL_RIGHTS, databaseUser } from '../support/database-user.ts'
import { assertFindings, cached, inspect } from '../support/inspection.ts'
import { type AnyDB, numbered } from '../support/lookups.ts'
import { CITIES, migrating } from '../support/migration/migrating.ts'
import { createTestDatabase, runStatements } from '../support/server.ts'
import { readStatementForms } from '../support/statement-forms.ts'

describe('kysely-lookup check: tables', () => {
  it('finds keys whose index cannot be searched by its leading columns, in every form of lookup', async () => {
    await using data = await migrating([
      `create table price (a int not null, b int not null, c int not null, primary key using hash (a, b),
        key by_c using btree (c, a)) engine = MEMORY`,
      `insert into price values ${Array.from({ length: 200 }, (_, n) => `(${n}, ${n % 7}, ${n % 5})`)}`,
    ])
    for (const statementForm of await readStatementForms()) {
      const { findings } = await inspect(data, { statementForm })
      assertFindings(findings, [
        ['unserved-key', 'price', /^findAllBy\(\{ a \}\) is not served by its index: every row is read$/],
      ])
    }
  })

  it('finds a cached table that is not InnoDB', async () => {
    await using data = await migrating(CITIES)
    await trackVersion(data.db, 'city')
    await data.run('alter table city engine = MyISAM')
    const { findings } = await inspect(data, { cached: cached({ city: 'versioned' }) })
    assertFindings(findings, [['not-innodb', 'city', /^its engine is MyISAM/]])
  })

  it('finds a cascade from another database into a versioned table', async () => {
    await using data = await migrating(CITIES)
    await using other = await createTestDatabase()
    await runStatements(other.url, 'create table country (code char(2) primary key) engine = InnoDB')
    await runStatements(other.url, "insert into country values ('FR')")
    await trackVersion(data.db, 'city')
    await data.run(
      `alter table city add constraint away foreign key (country) references ${other.name}.country (code) on delete cascade`,
    )
    const given = { cached: cached({ city: 'versioned' }) }
    const { findings } = await inspect(data, given)
    // The server cannot be given a trigger there, so that its absence is told too.
    assert.ok(findings.every(({ code, table }) => code === 'cascade' && table === 'city'))
    assert.match(
      findings.at(-1)!.message,
      /fires no trigger: away \(on delete cascade, from lookup_test_\w+\.country\)$/,
    )
    await data.run('alter table city drop foreign key away')
    assert.deepEqual((await inspect(data, given)).findings, [])
  })

  it('finds tables with more rows than their cache holds', async () => {
    await using data = await migrating(numbered('thing', 20))
    await freeze(data.db, 'thing')
    const rows = (maxRows: number) => inspect(data, { cached: cached({ thing: 'immutable' }, maxRows) })
    assert.deepEqual((await rows(20)).findings, [])
    assertFindings((await rows(19)).findings, [
      ['too-many-rows', 'thing', /^it has more rows .*maxRows = 19/],
    ])
  })

  it('finds triggers whose definer is gone, and says when it cannot see users', async () => {
    await using data = await migrating(CITIES)
    await using owner = await databaseUser(data, ALL_RIGHTS)
    await using other = await databaseUser(data, ALL_RIGHTS)
    await trackVersion(owner.db, 'city')
    const given = { cached: cached({ city: 'versioned' }) }
    const before = await inspect(data, given)
    assert.deepEqual([before.findings, before.skipped], [[], []])
    const { findings, skipped } = await inspect(data, { ...given, owner: other.db })
    assert.deepEqual(findings, [])
    assert.match(skipped[0]?.reason ?? '', /cannot be seen without SELECT on mysql\.user/)
    await owner.drop()
    assertFindings((await inspect(data, given)).findings, [
      ['definer-gone', 'city', /^every write that fires lookup_version_\w+_city, .* fails \(error 1449\)/],
    ])
    await trackVersion(data.db, 'city')
    assert.deepEqual((await inspect(data, given)).findings, [])
  })
})

describe('kysely-lookup check: rights', () => {
  it('finds what the service may not read, and triggers that it may not see', async () => {
    await using data = await migrating([...CITIES, ...numbered('thing', 3)])
    await trackVersion(data.db, 'city')
    const given = { cached: cached({ city: 'versioned' }) }
    await using service = await databaseUser(data, 'insert')
    const { findings } = await inspect(data, { ...given, service: service.db })
    assertFindings(findings, [
      ['missing-right', 'city', /^SELECT command denied to user 'lookup_\w+'/i],
      ['missing-right', 'thing', /^SELECT command denied/i],
      ['missing-right', 'lookup_version', /^SELECT command denied/i],
    ])
    await using reader = await databaseUser(data, 'select')
    assert.deepEqual((await inspect(data, { ...given, service: reader.db })).findings, [])
    assertFindings((await inspect(data, { ...given, owner: reader.db, service: reader.db })).findings, [
      ['missing-right', 'city', /^what the trigger lookup_version_insert_city does cannot be seen/],
    ])
  })

  it('says what it could not check for a user with few rights', async () => {
    await using data = await migrating(CITIES)
    await trackVersion(data.db, 'city')
    await using service = await databaseUser(data, 'insert')
    const db = service.db as unknown as Kysely<unknown>
    assert.deepEqual((await guardedTables(db, [])).size, 0)
    const given = { owner: service.db, service: service.db, cached: cached({ city: 'versioned' }) }
    const codes = (await inspect(data, given)).findings.map(({ code, table }) => `${code} ${table}`)
    assert.deepEqual(codes, ['missing-right city', 'missing-right lookup_version'])
    await data.run('create table kysely_migration (name varchar(255) primary key)')
    const { skipped } = await checkMigrations(db, { origin: 'migrations', names: ['0001_first'] })
    assert.match(skipped?.[0]?.reason ?? '', /may not read which have run/)
  })

  it('finds a right that covers only some columns', async () => {
    await using data = await migrating(CITIES)
    await using service = await databaseUser(data, 'insert')
    const name = new URL(service.url).username
    await data.run(`grant select (id, name) on ${data.test.name}.city to '${name}'@'%'`)
    const { findings } = await inspect(data, { service: service.db })
    assertFindings(findings, [['missing-right', 'city', /^SELECT command denied .* for column 'country'/i]])
  })
})

describe("kysely-lookup check: the service's pool", () => {
  async function poolFindings(...setUp: readonly string[]) {
    await using data = await migrating([
      'create table moment (id bigint primary key, at datetime not null) engine = InnoDB',
    ])
    const pool = createPool({
      uri: data.test.url,
      ...{ charset: 'utf8mb4', timezone: 'Z', dateStrings: true, supportBigNumbers: true },
    })
    pool.on('connection', (connection) => {
      for (const statement of setUp) connection.query(statement)
    })
    await using service = createDatabase<AnyDB>({ pool })
    return (await inspect(data, { service })).findings
  }

  it('finds nothing in a session that passes', async () => {
    assert.deepEqual(await poolFindings(), [])
  })

  it('finds each session setting that makes transactions refuse to read', async () => {
    const findings = await poolFindings(
      'set session transaction isolation level read uncommitted',
      'set session sql_select_limit = 1',
      "set session sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')",
    )
    assertFindings(findings, [
      ['session', undefined, /isolation level READ-UNCOMMITTED/],
      ['session', undefined, /sql_mode .*NO_BACKSLASH_ESCAPES/],
      ['session', undefined, /sql_select_limit 1\b/],
    ])
  })

  it('finds options of createDatabase that contradict the generated file', async () => {
    await using data = await migrating(['create table counter (id bigint primary key) engine = InnoDB'])
    await using service = createDatabase<AnyDB>({ uri: data.test.url, bigint: 'string' })
    const { findings } = await inspect(data, { service })
    assertFindings(findings, [['types', undefined, /counter\.id was generated with --bigint number/]])
  })
})
