import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { createDatabase } from '../../src/index.ts'
import { createVersionTable, freeze, frozenTriggers, trackVersion } from '../../src/migration/index.ts'
import { truncateTables } from '../../src/testing/index.ts'
import { type AnyDB, lookups, metadataOf } from '../support/lookups.ts'
import { frozen, refusal } from '../support/migration/migrating.ts'
import { runStatements } from '../support/server.ts'

const TABLES = [
  'create table country (id int primary key auto_increment, name varchar(20) not null) engine = InnoDB',
  `create table city (id int primary key auto_increment, country_id int not null, name varchar(20) not null,
    foreign key (country_id) references country (id)) engine = InnoDB`,
  'create table closed_year (id int primary key, label varchar(20) not null) engine = InnoDB',
  'create table kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null)',
  'create view capital as select * from city where id = 1',
]
const ROWS = [
  "insert into country (name) values ('France')",
  "insert into city (country_id, name) values (1, 'Paris')",
  "insert into closed_year values (2020, 'the first')",
  "insert into kysely_migration values ('0001', 'now')",
]

describe('truncateTables', async () => {
  const data = await lookups(TABLES)
  const { db } = data
  await createVersionTable(db)
  await trackVersion(db, 'city')
  await freeze(db, 'closed_year')
  const tables = await metadataOf(db)
  after(() => data[Symbol.asyncDispose]())
  const count = (table: string) => countRows(db, table)

  it('empties tables with foreign keys and frozen ones, keeps those of migrations, and restarts ids', async () => {
    for (const round of [1, 2]) {
      await data.run(...ROWS.slice(0, round === 1 ? 4 : 3)) // ids in them are 1 again
      assert.equal(await count('closed_year'), 1)
      await truncateTables(db)
      for (const table of ['country', 'city', 'closed_year']) assert.equal(await count(table), 0, table)
      assert.equal(await count('kysely_migration'), 1)
    }
  })

  it('leaves foreign keys checked, tables frozen and tracked', async () => {
    await truncateTables(db)
    const { rows } = await sql<{ checks: number }>`select @@foreign_key_checks checks`.execute(db)
    assert.equal(Number(rows[0]?.checks), 1)
    await data.run(ROWS[2]!)
    await assert.rejects(data.run('delete from closed_year'), frozen('closed_year'))
    const states = (await frozenTriggers(db, ['closed_year'])).get('closed_year')
    assert.deepEqual(
      states?.map(({ state }) => state),
      ['live', 'live'],
    )
  })

  it('empties the caches of this process at once, for versioned and immutable tables', async () => {
    await using repos = cached()
    await data.run(...ROWS.slice(0, 2))
    const read = async () => [await repos.city!.findByKey(1), await repos.closed_year!.findByKey(2020)]
    assert.deepEqual(
      (await read()).map((row) => row?.name ?? row?.label),
      ['Paris', 'the first'],
    )
    await truncateTables(db, { repositories: repos })
    assert.equal(repos.city!.peek(1), undefined)
    assert.deepEqual(await read(), [undefined, undefined])
  })

  it('is noticed by other processes, whose caches follow the versions', async () => {
    await data.run(...ROWS.slice(0, 3))
    // A set of its own stands for another process: nobody empties its caches.
    await using other = cached({ pollInterval: 5 })
    const read = async () => [await other.city!.findByKey(1), await other.closed_year!.findByKey(2020)]
    assert.ok((await read()).every(Boolean))
    const before = generations(other)
    await truncateTables(db)
    await until(() => generations(other).every((one, index) => one > before[index]!))
    assert.deepEqual(await read(), [undefined, undefined])
  })

  function cached(versions = { pollInterval: 2 ** 31 - 1 }) {
    return data.repositories({
      tables,
      cache: { city: 'versioned', closed_year: 'immutable' },
      versions,
    } as object)
  }

  function generations(repos: ReturnType<typeof cached>): readonly number[] {
    const stats = repos.$stats()
    return [stats.city!.generations, stats.closed_year!.generations]
  }

  it('keeps the tables that it is told to keep', async () => {
    await data.run(...ROWS.slice(0, 2))
    await truncateTables(db, { except: ['country'] })
    assert.deepEqual([await count('country'), await count('city')], [1, 0])
  })

  it('empties system-versioned tables, where the server has them', async (t) => {
    if (data.test.system !== 'mariadb') return t.diagnostic('MySQL has none')
    await data.run(
      'create table price (id int primary key, amount int) with system versioning',
      'insert into price values (1, 5)',
      'update price set amount = 6',
    )
    await truncateTables(db)
    assert.deepEqual(await data.run('select * from price for system_time all'), [])
    await data.run('drop table price')
  })

  it('says which table a transaction still uses, and moves the versions of those that it emptied', async () => {
    await data.run(...ROWS.slice(0, 3))
    const before = await versions()
    const open = await db.startTransaction().execute()
    await sql`select * from country`.execute(open)
    await assert.rejects(
      truncateTables(db, { timeout: 500 }),
      refusal('country is still in use after 1 s by a transaction that has not ended'),
    )
    await open.rollback().execute()
    const after = await versions()
    for (const table of ['city', 'closed_year']) {
      assert.equal(await count(table), 0)
      assert.ok(after.get(table)! > before.get(table)!, table)
    }
    const { rows } = await sql<{ checks: number }>`select @@foreign_key_checks checks`.execute(db)
    assert.equal(Number(rows[0]?.checks), 1)
    await truncateTables(db)
  })

  async function versions(): Promise<ReadonlyMap<unknown, number>> {
    const rows = await data.run('select table_name, sum(version) version from lookup_version group by 1')
    return new Map(rows.map((row) => [row.table_name, Number(row.version)]))
  }

  const misuses: { name: string; run: () => Promise<unknown>; says: string }[] = [
    {
      name: 'a transaction',
      run: () => db.transaction().execute((trx) => truncateTables(trx)),
      says: 'was given a transaction',
    },
    {
      name: 'a table that is not there',
      run: () => truncateTables(db, { except: ['county'] }),
      says: 'the database has no county',
    },
    {
      name: 'another database than is named',
      run: () => truncateTables(db, { database: 'shop' }),
      says: 'expected to be connected to the database shop, and it is',
    },
    {
      name: 'repositories that createRepositories did not make',
      run: () => truncateTables(db, { repositories: {} }),
      says: 'expected as repositories',
    },
    { name: 'a time of nothing', run: () => truncateTables(db, { timeout: 0 }), says: 'expected timeout' },
  ]
  for (const { name, run, says } of misuses) {
    it(`refuses ${name}, and empties nothing`, async () => {
      await data.run('insert into country (name) values (1)')
      const before = await count('country')
      await assert.rejects(run, refusal(says))
      assert.equal(await count('country'), before)
    })
  }

  it('refuses a database whose name does not say test, unless it is named', async () => {
    const name = data.test.name.replace('test', 'contest')
    await data.run(`create database ${name}`)
    const url = new URL(data.test.url)
    url.pathname = name
    await using other = createDatabase<AnyDB>({ uri: url.href })
    try {
      await runStatements(url.href, 'create table t (id int)', 'insert into t values (1)')
      await assert.rejects(truncateTables(other), refusal(`"test" is no part of the name ${name}`))
      assert.equal(await countRows(other, 't'), 1)
      await truncateTables(other, { database: name })
      assert.equal(await countRows(other, 't'), 0)
    } finally {
      await data.run(`drop database ${name}`)
    }
  })
})

async function countRows(db: Kysely<AnyDB>, table: string): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) n from ${sql.table(table)}`.execute(db)
  return Number(rows[0]?.n)
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 300_000
  while (!condition()) {
    assert.ok(performance.now() < deadline, 'it did not come to be within 300 s')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
