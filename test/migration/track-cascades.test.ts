import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trackVersion, untrackVersion, versionTriggers } from '../../src/migration/index.ts'
import { type Migrating, migrating } from '../support/migration/migrating.ts'

const engine = 'engine = InnoDB'

/** continent <- country <- city, with these rules; a city may have no country. */
function geography(rules: { readonly country: string; readonly city: string }): string[] {
  return [
    `create table continent (id int primary key) ${engine}`,
    `create table country (id int primary key, continent int, key (continent), unique (id, continent),
      constraint country_continent foreign key (continent) references continent (id) ${rules.country}) ${engine}`,
    `create table city (id int primary key, country int,
      constraint city_country foreign key (country) references country (id) ${rules.city}) ${engine}`,
    'insert into continent values (1), (2)',
    'insert into country values (10, 1), (20, 2)',
    'insert into city values (100, 10), (200, 20)',
  ]
}

/** The ids of the tracked table's rows, and how far its version moved. */
async function effect(data: Migrating, statement: string) {
  const read = () => data.run('select * from city order by id').then((rows) => JSON.stringify(rows))
  const before = await read()
  const moved = await data.moved('city', () => data.run(statement))
  return { changed: (await read()) !== before, moved: moved > 0 }
}

describe('cascades into a tracked table', () => {
  const both = { changed: true, moved: true }
  const neither = { changed: false, moved: false }

  it('move its version when a parent is deleted', async () => {
    for (const rule of ['on delete cascade', 'on delete set null']) {
      await using data = await migrating(geography({ country: '', city: rule }))
      await trackVersion(data.db, 'city')
      assert.deepEqual(await effect(data, 'delete from country where id = 10'), both)
      assert.deepEqual(await effect(data, 'update country set id = 30 where id = 20').catch(() => 'no'), 'no')
    }
  })

  it('move its version when the key of a parent is updated', async () => {
    for (const rule of ['on update cascade', 'on update set null']) {
      await using data = await migrating(geography({ country: '', city: rule }))
      await trackVersion(data.db, 'city')
      assert.deepEqual(await effect(data, 'update country set id = 30 where id = 20'), both)
    }
  })

  it('move its version through other tables', async () => {
    await using data = await migrating(
      geography({ country: 'on delete cascade', city: 'on delete set null on update cascade' }),
    )
    await trackVersion(data.db, 'city')
    assert.deepEqual(await effect(data, 'delete from continent where id = 1'), both)
    const tables = (await versionTriggers(data.db, ['city'])).get('city')
    assert.deepEqual(tables?.map(({ table, event }) => `${event} ${table}`).sort(), [
      'delete city',
      'delete continent',
      'delete country',
      'insert city',
      'update city',
      'update country',
    ])
  })

  it('do not affect parents that restrict', async () => {
    await using data = await migrating(
      geography({ country: 'on delete cascade', city: 'on delete restrict' }),
    )
    await trackVersion(data.db, 'city')
    assert.equal((await data.triggers()).length, 3)
    assert.deepEqual(await effect(data, 'update country set continent = 2'), neither)
  })

  it('are rolled back with the writer', async () => {
    await using data = await migrating(geography({ country: '', city: 'on delete cascade' }))
    await trackVersion(data.db, 'city')
    const before = await data.version('city')
    await data.run('begin', 'delete from country where id = 10', 'rollback')
    assert.equal(await data.version('city'), before)
  })

  it('are seen by the triggers of a table with a key to itself', async () => {
    await using data = await migrating([
      `create table city (id int primary key, part_of int,
        constraint self foreign key (part_of) references city (id) on delete cascade) ${engine}`,
      'insert into city values (1, null), (2, 1), (3, 2)',
    ])
    await trackVersion(data.db, 'city')
    assert.equal((await data.triggers()).length, 3)
    assert.deepEqual(await effect(data, 'delete from city where id = 1'), both)
    assert.deepEqual(await data.run('select * from city'), [])
  })

  it('are followed after they changed when trackVersion is called again', async () => {
    await using data = await migrating(geography({ country: '', city: 'on delete restrict' }))
    await trackVersion(data.db, 'city')
    await data.run(
      'alter table city drop foreign key city_country',
      'alter table city add constraint city_country foreign key (country) references country (id) on delete cascade',
    )
    const states = (await versionTriggers(data.db, ['city'])).get('city')
    assert.deepEqual(
      states?.filter(({ state }) => state !== 'live').map(({ table, event, state }) => [table, event, state]),
      [['country', 'delete', 'missing']],
    )
    await trackVersion(data.db, 'city')
    assert.deepEqual(await effect(data, 'delete from country where id = 10'), both)

    await data.run('alter table city drop foreign key city_country')
    await trackVersion(data.db, 'city')
    assert.equal((await data.triggers()).length, 3)
  })

  it('give two tables of one parent triggers of their own', async () => {
    await using data = await migrating([
      ...geography({ country: '', city: 'on delete cascade' }),
      `create table town (id int primary key, country int,
        foreign key (country) references country (id) on delete set null) ${engine}`,
    ])
    await trackVersion(data.db, 'city')
    await trackVersion(data.db, 'town')
    assert.ok((await data.moved('town', () => data.run('delete from country where id = 10'))) > 0)
    await untrackVersion(data.db, 'town')
    assert.deepEqual(await effect(data, 'delete from country where id = 20'), both)
    await untrackVersion(data.db, 'city')
    assert.deepEqual(await data.triggers(), [])
  })
})
