import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { trackVersion } from '../../src/migration/index.ts'
import type { Store } from '../../src/store/store.ts'
import {
  type AnyDB,
  type AnyRepositories,
  COUNTRIES,
  type Lookups,
  lookups,
  metadataOf,
} from '../support/lookups.ts'
import { age, guard, readAndEnd, storeFolder } from '../support/store/stored-lookups.ts'

const CACHE = { country: 'versioned', plan: 'immutable' } as const

/** A store that was filled before something happened to the tables that no version tells. */
describe('what an old store holds', () => {
  let data: Lookups
  let folder: Awaited<ReturnType<typeof storeFolder>>
  let store: Store

  before(async () => {
    folder = await storeFolder()
    store = folder.open()
    await store.ready()
  })
  after(async () => {
    await store.close()
    await folder[Symbol.asyncDispose]()
    await data[Symbol.asyncDispose]()
  })

  const PLAN = [
    'create table plan (id int not null primary key, name varchar(20) character set ascii collate ascii_bin not null)',
    "insert into plan values (1, 'free'), (2, 'paid')",
  ]

  beforeEach(async () => {
    if (data) await data[Symbol.asyncDispose]()
    data = await lookups([...COUNTRIES, ...PLAN])
    await guard(data, { tracked: ['country'], frozen: ['plan'] })
    await readAndEnd(repositories(), read)
    const repos = repositories()
    await read(repos)
    const stats = repos.$stats()
    assert.equal(stats.country!.statements + stats.plan!.statements, 0, 'the store is warm')
    await repos.$close()
  })

  const repositories = (more: object = {}) => data.repositories({ cache: CACHE, store, ...more })

  const read = async (repos: AnyRepositories) => ({
    japan: await repos.country!.findByKey('JP'),
    nobody: await repos.country!.findByKey('XX'),
    asian: await repos.country!.findAllBy({ continent: 'AS' }),
    plans: await repos.plan!.findByKeys([1, 2]),
  })

  /** A new process and one without a store say the same. */
  async function expectTheServersAnswers(): Promise<void> {
    const direct = await readAndEnd(data.repositories(), read)
    assert.deepEqual(await readAndEnd(repositories(), read), direct)
    // And what that process may have stored is right too.
    assert.deepEqual(await readAndEnd(repositories(), read), direct)
  }

  /** The rows of a table as a dump has them. */
  async function dumpOf(table: string): Promise<string[]> {
    const [created] = await data.run(`show create table ${table}`)
    const rows = await data.run(`select * from ${table}`)
    const values = rows.map(
      (row) =>
        `(${Object.values(row as object)
          .map((value) => `'${String(value)}'`)
          .join(', ')})`,
    )
    return [
      `drop table ${table}`,
      String(created!['Create Table']),
      ...(rows.length > 0 ? [`insert into ${table} values ${values.join(', ')}`] : []),
    ]
  }

  it('is not answered once an older dump was restored and other rows were written, up to the same version', async () => {
    const [dump, versions] = [await dumpOf('country'), await data.run('select * from lookup_version')]
    await data.run(...dump, "update country set name = 'Nippon' where code = 'JP'")
    await trackVersion(data.db, 'country')
    for (const { table_name: name, slot, version } of versions) {
      await data.run(
        `update lookup_version set version = ${version} where table_name = '${name}' and slot = ${slot}`,
      )
    }
    await expectTheServersAnswers()
  })

  it('is not answered while a dump is half restored, and nothing of that is stored', async () => {
    const dump = await dumpOf('country')
    await data.run(dump[0]!, dump[1]!)
    // Before its rows and triggers, at a version that was restored already.
    await assert.rejects(readAndEnd(repositories(), read), /trigger/)
    await data.run(dump[2]!, "update country set name = 'Nippon' where code = 'JP'")
    await trackVersion(data.db, 'country')
    await age(data.run)
    await expectTheServersAnswers()
  })

  it('is not answered after TRUNCATE, whichever rows come then', async () => {
    await data.run('truncate table country', 'truncate table plan')
    await expectTheServersAnswers()
    await data.run(
      "insert into country values ('JP', 'JPN', 'Nippon', 'AS')",
      "insert into plan values (1, 'other')",
    )
    await age(data.run)
    await expectTheServersAnswers()
  })

  it('is not answered after an ALTER, and a table that took the name of another one', async () => {
    await data.run("alter table plan comment = 'changed'")
    await expectTheServersAnswers()
    await data.run(
      'create table country_2 like country',
      'insert into country_2 select * from country',
      "update country_2 set name = 'Nippon' where code = 'JP'",
      'rename table country to country_1, country_2 to country',
      'drop table country_1',
    )
    const versions = await data.run("select * from lookup_version where table_name = 'country'")
    await trackVersion(data.db, 'country')
    for (const { slot, version } of versions) {
      await data.run(
        `update lookup_version set version = ${version} where table_name = 'country' and slot = ${slot}`,
      )
    }
    await expectTheServersAnswers()
  })

  it('is not answered after IMPORT TABLESPACE, which leaves the creation time', async () => {
    const [place] = await data.run('select @@datadir as folder, database() as name')
    const fileOf = (table: string, ending: string) =>
      join(String(place!.folder), String(place!.name), `${table}.${ending}`)
    const copies = new Map<string, Buffer>()
    await data.run(
      'create table country_2 like country',
      'insert into country_2 select * from country',
      "update country_2 set name = 'Nippon' where code = 'JP'",
    )
    await data.db.connection().execute(async (held) => {
      await sql`flush tables country_2 for export`.execute(held)
      for (const ending of ['ibd', 'cfg']) {
        const file = fileOf('country_2', ending)
        if (existsSync(file)) copies.set(ending, readFileSync(file))
      }
      await sql`unlock tables`.execute(held)
    })
    await data.run('drop table country_2', 'alter table country discard tablespace')
    for (const [ending, bytes] of copies) writeFileSync(fileOf('country', ending), bytes)
    await data.run('alter table country import tablespace')
    assert.equal((await data.run("select name from country where code = 'JP'"))[0]!.name, 'Nippon')
    await expectTheServersAnswers()
  })

  it('is not answered at a sum of versions that came again with other slots', async () => {
    await data.run(
      "update country set name = 'Nippon' where code = 'JP'",
      "update lookup_version set version = version - 60000 where table_name = 'country'",
    )
    const [before] = await data.run(
      "select cast(sum(version) as char) as sum from lookup_version where table_name = 'country'",
    )
    await readAndEnd(repositories(), read)
    await data.run(
      "update country set name = 'Nihon' where code = 'JP'",
      "update lookup_version set version = 1 where table_name = 'country'",
      `update lookup_version set version = ${before!.sum} - 15 where table_name = 'country' and slot = 3`,
    )
    await expectTheServersAnswers()
  })

  it('is not answered to another database of the same names', async () => {
    await using other = await lookups([
      ...COUNTRIES,
      ...PLAN,
      "update country set name = 'Nippon' where code = 'JP'",
      "update plan set name = 'none'",
    ])
    await guard(other, { tracked: ['country'], frozen: ['plan'] })
    const versions = await data.run('select * from lookup_version')
    for (const { table_name: name, slot, version } of versions) {
      await other.run(
        `update lookup_version set version = ${version} where table_name = '${name}' and slot = ${slot}`,
      )
    }
    const direct = await readAndEnd(other.repositories(), read)
    assert.deepEqual(await readAndEnd(other.repositories({ cache: CACHE, store }), read), direct)
  })

  it('is not answered to a process that decodes in another way', async () => {
    await data.run(
      'create table answer (id int not null primary key, yes tinyint(1) not null, size bigint not null, at datetime null)',
      "insert into answer values (1, 1, 7, '2020-01-01 00:00:00')",
    )
    await guard(data, { tracked: ['answer'] })
    const options = [{}, { bigint: 'bigint' }, { bigint: 'string' }, { tinyint1: 'boolean' }] as const
    for (const decoding of [...options, ...options]) {
      await using db = createDatabase<AnyDB>({ uri: data.test.url, ...decoding })
      const tables = await metadataOf(db, decoding)
      const open = (more: object) => createRepositories({ db, tables, ...more }) as unknown as AnyRepositories
      const direct = await readAndEnd(open({}), (repos) => repos.answer!.findByKey(1))
      const stored = await readAndEnd(open({ cache: { answer: 'versioned' }, store }), (repos) =>
        repos.answer!.findByKey(1),
      )
      assert.deepStrictEqual(stored, direct)
    }
  })

  it('is not used where a trigger is missing, nor for an immutable table that is not frozen', async () => {
    const { writes } = await statsOf(async () => {
      await data.run('drop trigger lookup_frozen_update_plan')
      await data.run("update plan set name = 'other' where id = 1")
      await expectTheServersAnswers()
    })
    assert.equal(writes, 0)
  })

  async function statsOf(work: () => Promise<void>): Promise<{ readonly writes: number }> {
    const repos = repositories()
    await work()
    await repos.plan!.findByKeys([1, 2])
    await repos.$close()
    return { writes: repos.$stats().plan!.storeWrites }
  }
})
