import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  amend,
  dropVersionTable,
  freeze,
  frozenTriggers,
  trackVersion,
  unfreeze,
  untrackVersion,
  versionTriggers,
} from '../../src/migration/index.ts'
import { CITIES, frozen, type Migrating, migrating, refusal } from '../support/migration/migrating.ts'

const PARENT = [
  'create table country (code char(2) primary key) engine = InnoDB',
  "insert into country values ('FR')",
  `create table city (id int primary key, name varchar(50) not null, country char(2) not null,
    foreign key (country) references country (code) on delete cascade) engine = InnoDB`,
  "insert into city values (1, 'Paris', 'FR')",
]

/** Rebuilds a table as gh-ost does: with a copy of each trigger under another name, and the old table aside. */
async function rebuild(
  { run }: Migrating,
  { table, rename, keep = false }: { table: string; rename: (name: string) => string; keep?: boolean },
): Promise<void> {
  const triggers = await run(
    `select trigger_name name, action_timing timing, event_manipulation event, action_statement body
      from information_schema.triggers where trigger_schema = database() and event_object_table = '${table}'`,
  )
  await run(`create table _${table}_gho like ${table}`, `insert into _${table}_gho select * from ${table}`)
  for (const { name, timing, event, body } of triggers) {
    await run(
      `create trigger \`${rename(String(name))}\` ${timing} ${event} on _${table}_gho for each row ${body}`,
    )
  }
  await run(`rename table ${table} to _${table}_del, _${table}_gho to ${table}`)
  if (!keep) await run(`drop table _${table}_del`)
}

const NAMINGS: Readonly<Record<string, (name: string) => string>> = {
  'a suffix': (name) => `${name}_ghost`,
  'a prefix': (name) => `pt_osc_${name}`,
  'names of their own': (name) => `t${name.length}${name.includes('update')}${name.includes('insert')}`,
}

describe('triggers that a tool has renamed', () => {
  for (const [naming, rename] of Object.entries(NAMINGS)) {
    it(`keep a table frozen, and are recognized by amend and unfreeze: ${naming}`, async () => {
      await using data = await migrating(CITIES)
      await freeze(data.db, 'city')
      await rebuild(data, { table: 'city', rename })
      const states = (await frozenTriggers(data.db, ['city'])).get('city') ?? []
      assert.deepEqual(
        states.map(({ name, state }) => [name, state]),
        ['update', 'delete'].map((event) => [rename(`lookup_frozen_${event}_city`), 'live']),
      )
      await assert.rejects(data.run('delete from city'), frozen('city'))
      await amend(data.db, 'city', (trx) => trx.updateTable('city').set({ name: 'x' }).execute())
      assert.deepEqual(await data.run('select distinct name from city'), [{ name: 'x' }])
      await assert.rejects(dropVersionTable(data.db), refusal('on city', 'unfreeze for city.'))
      await unfreeze(data.db, 'city')
      assert.deepEqual(await data.triggers(), [])
      await dropVersionTable(data.db)
    })

    it(`keep a table tracked, and are recognized by repositories and untrackVersion: ${naming}`, async () => {
      await using data = await migrating(PARENT)
      await trackVersion(data.db, 'city')
      await rebuild(data, { table: 'city', rename })
      await data.run('alter table city add foreign key (country) references country (code) on delete cascade')
      const states = (await versionTriggers(data.db, ['city'])).get('city') ?? []
      assert.deepEqual(
        states.map(({ state }) => state),
        ['live', 'live', 'live', 'live'],
      )
      const repos = data.repositories({ cache: { city: 'versioned' } })
      assert.equal((await repos.$table('city').findByKey(1))?.name, 'Paris')
      await repos.$close()
      await untrackVersion(data.db, 'city')
      assert.deepEqual(await data.triggers(), [])
      await dropVersionTable(data.db)
    })
  }

  it('are replaced together with those that the old table kept', async () => {
    await using data = await migrating(CITIES)
    await trackVersion(data.db, 'city')
    await rebuild(data, { table: 'city', rename: (name) => `${name}_ghost`, keep: true })
    await trackVersion(data.db, 'city')
    const kept = ['insert', 'update', 'delete'].map((event) => `lookup_version_${event}_city_ghost`)
    assert.deepEqual(await data.triggers(), kept.sort())
    await rebuild(data, { table: 'city', rename: (name) => `${name}2`, keep: false }).catch(() => {})
    await untrackVersion(data.db, 'city')
    assert.deepEqual(await data.triggers(), [])
    await dropVersionTable(data.db)
  })

  it('are recognized with the body of another version of this library', async () => {
    await using data = await migrating(CITIES)
    for (const add of [freeze, trackVersion]) {
      await add(data.db, 'city')
      await rebuild(data, { table: 'city', rename: (name) => `${name}_ghost` })
      const triggers = await data.run(
        `select trigger_name name, action_timing timing, event_manipulation event, action_statement body
          from information_schema.triggers where trigger_schema = database()`,
      )
      for (const { name, timing, event, body } of triggers) {
        const older = String(body).replace(/^begin/, 'begin /* older */')
        await data.run(
          `drop trigger ${name}`,
          `create trigger ${name} ${timing} ${event} on city for each row ${older}`,
        )
      }
      await assert.rejects(dropVersionTable(data.db), refusal('unfreeze for city.'))
      await (add === freeze ? unfreeze : untrackVersion)(data.db, 'city')
      assert.deepEqual(await data.triggers(), [])
    }
    await dropVersionTable(data.db)
  })

  it('belong to the table in their body, not to the one in their name', async () => {
    await using data = await migrating([
      ...CITIES,
      'create table city_ghost (id int primary key) engine = InnoDB',
    ])
    await trackVersion(data.db, 'city')
    await rebuild(data, { table: 'city', rename: (name) => `${name}_ghost` })
    await untrackVersion(data.db, 'city_ghost')
    assert.equal((await data.triggers()).length, 3)
    assert.ok((await data.moved('city', () => data.run('delete from city'))) > 0)
    await untrackVersion(data.db, 'city')
    assert.deepEqual(await data.triggers(), [])
  })

  it('are named by dropVersionTable if no helper recognizes them', async () => {
    await using data = await migrating(CITIES)
    await data.run('create trigger lookup_version_insert_gone after insert on city for each row set @x = 1')
    await assert.rejects(
      dropVersionTable(data.db),
      refusal('on city', 'Drop the trigger lookup_version_insert_gone with SQL. Then call dropVersionTable'),
    )
    await data.run('drop trigger lookup_version_insert_gone')
    await dropVersionTable(data.db)
  })
})
