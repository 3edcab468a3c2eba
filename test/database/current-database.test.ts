import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kysely } from 'kysely'
import { checkVersions } from '../../src/check/versions.ts'
import { createDatabase } from '../../src/index.ts'
import { readCascadingKeys } from '../../src/migration/cascade.ts'
import { createVersionTable, dropVersionTable, trackVersion } from '../../src/migration/index.ts'
import { requireVersionTable } from '../../src/migration/version-table.ts'
import { readForeignKeys } from '../../src/schema/foreign-keys.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { truncateTables } from '../../src/testing/index.ts'
import { type Lookups, lookups } from '../support/lookups.ts'
import { refusal } from '../support/migration/migrating.ts'
import { runStatements, testServerUrl } from '../support/server.ts'

const engine = 'engine = InnoDB'

describe('a database beside one whose name differs only in case', () => {
  let data: Lookups
  let twin: string

  before(async () => {
    data = await lookups([
      `create table country (code char(2) primary key, notes longtext collate utf8mb4_bin) ${engine}`,
      "insert into country values ('FR', null)",
    ])
    twin = data.test.name.toUpperCase()
    assert.notEqual(twin, data.test.name)
    await data.run(
      `create database ${twin}`,
      `use ${twin}`,
      'create table country (code char(2) primary key, notes json) engine = MyISAM',
      `create table elsewhere (id int primary key) ${engine}`,
      `create table city (id int primary key, elsewhere int,
        constraint city_elsewhere foreign key (elsewhere) references elsewhere (id) on delete cascade) ${engine}`,
      'create table lookup_version (table_name int, slot int, version int, token int) engine = MyISAM',
      'create trigger lookup_version_insert_country after insert on country for each row do 1',
    )
  })
  after(async () => {
    await data[Symbol.asyncDispose]()
    await runStatements(await testServerUrl(), `drop database if exists ${twin}`)
  })

  it('shows only its own tables and columns', async () => {
    const { tables } = await readSchema(data.db)
    assert.deepEqual(
      tables.map(({ metadata }) => [metadata.name, metadata.columns.map(({ type }) => type)]),
      [['country', ['char', 'longtext']]],
    )
  })

  it('has no version table where the other one has, nor its triggers', async () => {
    await assert.rejects(requireVersionTable(data.db), refusal('lookup_version is missing'))
    await dropVersionTable(data.db)
  })

  it('has its own version table: one is refused, the other is not', async () => {
    await createVersionTable(data.db)
    const url = new URL(data.test.url)
    url.pathname = twin
    const other = createDatabase({ uri: url.href })
    try {
      await assert.rejects(requireVersionTable(other), refusal('its engine is MyISAM'))
    } finally {
      await other.destroy()
    }
    await requireVersionTable(data.db)
  })

  it('has its own tables and triggers tracked', async () => {
    await assert.rejects(trackVersion(data.db, 'elsewhere'), refusal('there is no table elsewhere'))
    await trackVersion(data.db, 'country')
    const db = data.db as unknown as Kysely<unknown>
    const cached = new Map([['country', { mode: 'versioned', maxRows: 10 } as const]])
    const target = { owner: db, service: db, serviceKnown: true, tables: [], cached }
    const { findings } = await checkVersions(target)
    assert.deepEqual(findings, [])
  })

  it('has its own versions polled', async () => {
    const repos = data.repositories({ cache: { country: 'versioned' } })
    try {
      await repos.$ready()
      assert.equal((await repos.country!.all()).length, 1)
    } finally {
      await repos.$close()
    }
  })

  it('has its own foreign keys followed, and those to the other database told from them', async () => {
    assert.deepEqual(await readCascadingKeys(data.db), [])
    await data.run(
      `create table town (id int primary key, elsewhere int,
        constraint town_elsewhere foreign key (elsewhere) references ${twin}.elsewhere (id) on delete cascade) ${engine}`,
    )
    const [key, ...others] = await readCascadingKeys(data.db)
    assert.deepEqual([key?.name, key?.parentDatabase, others], ['town_elsewhere', twin, []])
    const foreignKeys = await readForeignKeys(data.db)
    assert.deepEqual(
      foreignKeys.map(({ table, targetDatabase }) => [table, targetDatabase]),
      [['town', twin]],
    )
    await assert.rejects(trackVersion(data.db, 'town'), refusal(`from ${twin}.elsewhere`))
    await data.run('drop table town')
  })

  it('has its own tables emptied', async () => {
    await assert.rejects(truncateTables(data.db, { except: ['city'] }), refusal('has no city'))
    await truncateTables(data.db)
    assert.deepEqual(await data.run('select * from country'), [])
  })
})
