import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Connection, createConnection } from 'mysql2/promise'
import { freeze, trackVersion, versionTriggers } from '../../src/migration/index.ts'
import { trackingBodyAsBefore } from '../../src/migration/trigger-body.ts'
import { cached, inspect } from '../support/inspection.ts'
import { type Migrating, migrating } from '../support/migration/migrating.ts'
import { systemUnderTest } from '../support/server.ts'

const system = await systemUnderTest()

const TABLES = [
  'create table country (code char(2) primary key, name varchar(20) not null) engine = InnoDB',
  'create table plan (id int primary key, name varchar(20) not null) engine = InnoDB',
  'create table year (id int primary key, name varchar(20) not null) engine = InnoDB',
]

describe('LOCK TABLES', () => {
  let data: Migrating
  let locker: Connection

  before(async () => {
    data = await migrating(TABLES)
    for (const table of ['country', 'plan']) await trackVersion(data.db, table)
    await freeze(data.db, 'year')
    locker = await createConnection({ uri: data.test.url, multipleStatements: true })
  })
  after(async () => {
    locker.destroy()
    await data[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    await data.run(
      'delete from country',
      'delete from plan',
      "insert into country values ('FR', 'France'), ('DE', 'Germany')",
      "insert into plan values (1, 'Free')",
      // MariaDB takes what a SELECT has opened before for a table in use.
      'select sum(version) from lookup_version',
    )
  })

  const writes = [
    "insert into country values ('JP', 'Japan')",
    "insert ignore into country values ('CA', 'Canada')",
    "insert into country values ('FR', 'Gaul') on duplicate key update name = 'Gaul'",
    "replace into country values ('FR', 'France')",
    "update country set name = 'Deutschland' where code = 'DE'",
    "delete from country where code = 'DE'",
  ]

  it('lets each write through, which moves the version, or refuses it and says what to do', async () => {
    const refused: string[] = []
    for (const write of writes) {
      const moved = await data.moved('country', async () => {
        await locker.query('lock tables country write')
        try {
          await locker.query(write)
        } catch (error) {
          const { sqlState, message } = error as { sqlState: string; message: string }
          assert.equal(sqlState, '45000')
          assert.match(message, /^country is tracked: write it without LOCK TABLES \(--skip-add-locks\)$/)
          refused.push(write)
        } finally {
          await locker.query('unlock tables')
        }
      })
      assert.equal(moved > 0, refused.at(-1) !== write, write)
    }
    if (system === 'mysql') assert.deepEqual(refused, [])
    else assert.ok(refused.includes(writes[0]!), 'MariaDB refuses INSERT')
  })

  it('lets rows be added to a frozen table', async () => {
    await locker.query('lock tables year write')
    try {
      await locker.query("insert into year values (1, 'first'), (2, 'second')")
      await locker.query("insert ignore into year values (2, 'x'), (3, 'third')")
    } finally {
      await locker.query('unlock tables')
    }
    assert.equal((await data.run('select * from year')).length, 3)
  })

  it('is not needed by a dump that is made without it, which running processes see', async () => {
    await using repos = data.repositories({
      cache: { country: 'versioned' },
      versions: { pollInterval: 20 },
    })
    assert.equal((await repos.country!.findByKey('FR'))?.name, 'France')
    const rows = "INSERT INTO `country` VALUES\n('DE','Germany'),\n('FR','France');\n"
    const dump = dumpOf(data.test.url, { table: 'country', rows })
    assert.doesNotMatch(dump, /LOCK TABLES/)
    await data.run('delete from country')
    await locker.query(dump.replace('France', 'Gaul'))
    while ((await repos.country!.findByKey('FR'))?.name !== 'Gaul') await new Promise(setImmediate)
  })

  it('on one table keeps nobody from reading the others, nor rows of its own that are held', async () => {
    await using repos = data.repositories({
      cache: { country: 'versioned', plan: 'versioned' },
      versions: { pollInterval: 20 },
      timeout: 60_000,
    })
    await repos.$ready()
    const hit = await repos.country!.findByKey('FR')
    await locker.query('lock tables country write')
    try {
      assert.equal(await repos.country!.findByKey('FR'), hit)
      const rows = await Promise.all([
        repos.plan!.findByKey(1),
        repos.plan!.findByKeys([1, 2]).then(([row]) => row),
        repos.plan!.all().then(([row]) => row),
        repos.$request(() => repos.plan!.findByKey(1)),
      ])
      for (const row of rows) assert.equal(row?.name, 'Free')
      assert.equal(await repos.plan!.findByKey(99), undefined)
    } finally {
      await locker.query('unlock tables')
    }
    await data.run("update country set name = 'Gaul' where code = 'FR'", "update plan set name = 'Gratis'")
    while ((await repos.country!.findByKey('FR'))?.name !== 'Gaul') await new Promise(setImmediate)
    while ((await repos.plan!.findByKey(1))?.name !== 'Gratis') await new Promise(setImmediate)
    while (repos.plan!.peek(1) === undefined) await repos.plan!.findByKey(1)
  })

  it('is what check names, with the way out, for tables that are tracked', async () => {
    const { findings, notes } = await inspect(data, {
      cached: cached({ country: 'versioned', year: 'immutable' }),
    })
    assert.deepEqual(findings, [])
    assert.equal(notes.length, 1)
    assert.match(
      notes[0]!.message,
      system === 'mysql' ? /nobody else can read lookup_version/ : /refuses writes/,
    )
    assert.match(notes[0]!.message, / country$/)
    assert.match(notes[0]!.fix, /--skip-add-locks/)
    assert.deepEqual((await inspect(data, { cached: cached({ year: 'immutable' }) })).notes, [])
  })

  it('meets triggers of version 0.1, which count changes, and which check names until trackVersion replaces them', async () => {
    await using older = await migrating(TABLES)
    await trackVersion(older.db, 'plan')
    for (const event of ['insert', 'update', 'delete']) {
      await older.run(
        `drop trigger lookup_version_${event}_plan`,
        `create trigger lookup_version_${event}_plan after ${event} on plan for each row ${trackingBodyAsBefore('plan')}`,
      )
    }
    const states = async () =>
      (await versionTriggers(older.db, ['plan'])).get('plan')?.map(({ state }) => state)
    assert.deepEqual(await states(), ['outdated', 'outdated', 'outdated'])
    assert.ok((await older.moved('plan', () => older.run("insert into plan values (2, 'Team')"))) > 0)
    await using repos = older.repositories({ cache: { plan: 'versioned' } })
    assert.equal((await repos.plan!.findByKey(2))?.name, 'Team')
    const codes = async () =>
      (await inspect(older, { cached: cached({ plan: 'versioned' }) })).findings.map(({ code }) => code)
    assert.deepEqual(await codes(), ['outdated-trigger'])
    await trackVersion(older.db, 'plan')
    assert.deepEqual(await states(), ['live', 'live', 'live'])
    assert.deepEqual(await codes(), [])
    assert.ok((await older.moved('plan', () => older.run("insert into plan values (3, 'Firm')"))) > 0)
  })
})

/** What the server's own client dumps of the rows of a table; `rows` as it would write them where it is not there. */
function dumpOf(url: string, { table, rows }: { readonly table: string; readonly rows: string }): string {
  if (system !== 'mariadb') return rows
  const { hostname, port, username, password, pathname } = new URL(url)
  const server = [`--host=${hostname}`, `--port=${port}`, `--user=${username}`, `--password=${password}`]
  const options = ['--no-create-info', '--skip-triggers', '--compact', '--skip-add-locks']
  try {
    const dump = execFileSync('mariadb-dump', [...options, ...server, pathname.slice(1), table], {
      encoding: 'utf8',
    })
    // What only the client `mariadb` understands.
    return dump.replaceAll(/^\/\*M?!999999.*$/gm, '')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return rows
    throw error
  }
}
