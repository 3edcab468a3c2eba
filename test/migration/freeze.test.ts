import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { freeze, frozenTriggers, trackVersion, unfreeze, untrackVersion } from '../../src/migration/index.ts'
import { CITIES, frozen, type Migrating, migrating, refusal } from '../support/migration/migrating.ts'

describe('a frozen table', () => {
  let data: Migrating

  before(async () => {
    data = await migrating([
      ...CITIES,
      'create table log (what varchar(20)) engine = InnoDB',
      "create trigger theirs before insert on city for each row insert into log values ('insert')",
      "create trigger theirs_too before update on city for each row insert into log values ('update')",
    ])
    await freeze(data.db, 'city')
  })
  after(() => data[Symbol.asyncDispose]())

  const refused = [
    "update city set name = 'x'",
    'update city set name = name where id = 1',
    "update ignore city set name = 'x'",
    "update city c join (select 1 id) one on one.id = c.id set c.name = 'x'",
    'delete from city',
    'delete ignore from city where id = 1',
    'delete c from city c where c.id = 1',
    "replace into city values (1, 'Paris', 'FR')",
    "insert into city values (1, 'x', 'FR') on duplicate key update name = values(name)",
    "insert ignore into city values (1, 'x', 'FR') on duplicate key update name = name",
  ]
  for (const statement of refused) {
    it(`refuses: ${statement}`, async () => {
      const version = await data.version('city')
      await assert.rejects(data.run(statement), frozen('city'))
      assert.deepEqual(
        (await data.run('select name from city where id < 3 order by id')).map(({ name }) => name),
        ['Paris', 'Lyon'],
      )
      assert.equal(await data.version('city'), version)
    })
  }

  it('refuses prepared statements, and one in a transaction whose other work goes on', async () => {
    await assert.rejects(data.db.updateTable('city').set({ name: 'x' }).execute(), frozen('city'))
    await data.db.transaction().execute(async (trx) => {
      await trx.insertInto('city').values({ id: 5, name: 'Nice', country: 'FR' }).execute()
      await assert.rejects(trx.deleteFrom('city').where('id', '=', 5).execute(), frozen('city'))
    })
    assert.equal((await data.run('select 1 from city where id = 5')).length, 1)
  })

  it('accepts new rows, which do not move its version, and keeps its other triggers', async () => {
    await data.run('delete from log')
    const moved = await data.moved('city', () =>
      data.run(
        "insert into city values (3, 'Nice', 'FR')",
        "insert ignore into city values (3, 'x', 'FR'), (4, 'Lille', 'FR')",
        "replace into city values (6, 'Metz', 'FR')",
      ),
    )
    assert.equal(moved, 0)
    assert.deepEqual(await data.run("select count(*) n from log where what = 'insert'"), [{ n: 4 }])
    assert.deepEqual(await data.run("select 1 from log where what = 'update'"), [])
  })

  it('refuses a session that has set the variable of amend, whatever its value', async () => {
    for (const value of ["'x'", '1', "x'00'", "''", '(select token from lookup_version limit 1)', 'null']) {
      await assert.rejects(
        data.run(`set @kysely_lookup_amend = ${value}`, 'delete from city'),
        frozen('city'),
        value,
      )
    }
  })

  it('is reported by frozenTriggers', async () => {
    const states = async (table: string) =>
      (await frozenTriggers(data.db, [table])).get(table)?.map(({ event, state }) => [event, state])
    assert.deepEqual(await states('city'), [
      ['update', 'live'],
      ['delete', 'live'],
    ])
    assert.deepEqual(await states('log'), [
      ['update', 'missing'],
      ['delete', 'missing'],
    ])
  })
})

describe('freeze', () => {
  const parent = 'create table country (id int primary key) engine = InnoDB'
  const child = (rules: string) =>
    `create table city (id int primary key, country int,
      constraint city_country foreign key (country) references country (id) ${rules}) engine = InnoDB`

  for (const rules of ['on delete cascade', 'on delete set null', 'on update cascade on delete restrict']) {
    it(`refuses a table whose rows a cascade can change: ${rules}`, async () => {
      await using data = await migrating([parent, child(rules)])
      const named = rules.replace(' on delete restrict', '')
      await assert.rejects(
        freeze(data.db, 'city'),
        refusal(`city_country (${named}, from country)`, 'trackVersion', 'RESTRICT'),
      )
      assert.deepEqual(await data.triggers(), [])
      await freeze(data.db, 'country')
      await assert.rejects(
        data.run('insert into country values (1)', 'delete from country'),
        frozen('country'),
      )
    })
  }

  it('accepts a table with restricting keys, and one that cascades to itself', async () => {
    await using data = await migrating([
      parent,
      child('on delete restrict'),
      `create table place (id int primary key, part_of int,
        foreign key (part_of) references place (id) on delete cascade) engine = InnoDB`,
      'insert into place values (1, null), (2, 1)',
    ])
    await freeze(data.db, 'city')
    await freeze(data.db, 'place')
    await assert.rejects(data.run('delete from place where id = 1'), frozen('place'))
  })

  it('repairs what is missing when it is called again, and moves the version for changes made meanwhile', async () => {
    await using data = await migrating(CITIES)
    await freeze(data.db, 'city')
    await data.run('drop trigger lookup_frozen_update_city', "update city set name = 'x'")
    assert.ok((await data.moved('city', () => freeze(data.db, 'city'))) > 0)
    await assert.rejects(data.run("update city set name = 'y'"), frozen('city'))
  })

  it('is undone by unfreeze, and combines with trackVersion in any order', async () => {
    await using data = await migrating(CITIES)
    await freeze(data.db, 'city')
    await unfreeze(data.db, 'city')
    await data.run("update city set name = 'x'")
    assert.deepEqual(await data.triggers(), [])
    assert.deepEqual(await data.run('select * from lookup_version'), [])

    await trackVersion(data.db, 'city')
    await freeze(data.db, 'city')
    assert.ok((await data.moved('city', () => data.run("insert into city values (3, 'x', 'FR')"))) > 0)
    await untrackVersion(data.db, 'city')
    assert.ok((await data.version('city')) > 0, 'a frozen table keeps its version')
    await assert.rejects(data.run('delete from city'), frozen('city'))
    await trackVersion(data.db, 'city')
    await unfreeze(data.db, 'city')
    assert.ok((await data.moved('city', () => data.run('delete from city'))) > 0)
  })
})
