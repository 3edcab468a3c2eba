import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import {
  createVersionTable,
  dropVersionTable,
  freeze,
  trackVersion,
  untrackVersion,
  versionTriggers,
} from '../../src/migration/index.ts'
import { lookups } from '../support/lookups.ts'
import { CITIES, type Migrating, migrating, refusal } from '../support/migration/migrating.ts'

const OWN_TRIGGERS = [
  'lookup_version_delete_city',
  'lookup_version_insert_city',
  'lookup_version_update_city',
]

describe('a tracked table', () => {
  let data: Migrating

  before(async () => {
    data = await migrating([
      ...CITIES,
      'create table log (what varchar(20)) engine = InnoDB',
      "create trigger theirs after update on city for each row insert into log values ('update')",
    ])
    await trackVersion(data.db, 'city')
  })
  after(() => data[Symbol.asyncDispose]())

  it('has its 16 slots from the start', async () => {
    const rows = await data.run("select slot from lookup_version where table_name = 'city' order by slot")
    assert.deepEqual(
      rows.map(({ slot }) => slot),
      Array.from({ length: 16 }, (_, slot) => slot),
    )
  })

  const moving = [
    "insert into city values (3, 'Nice', 'FR')",
    "insert ignore into city values (3, 'Nice', 'FR'), (4, 'Lille', 'FR')",
    "insert into city values (3, 'Nizza', 'FR') on duplicate key update name = values(name)",
    "replace into city values (3, 'Nice', 'FR')",
    "update city set name = 'Nizza' where id = 3",
    'delete from city where id in (3, 4)',
  ]
  for (const statement of moving) {
    it(`moves its version with: ${statement}`, async () => {
      assert.ok((await data.moved('city', () => data.run(statement))) > 0)
    })
  }

  const still = [
    'select * from city',
    "update city set name = 'x' where id = 999",
    "insert ignore into city values (1, 'x', 'FR')",
    'select * from city where id = 1 for update',
  ]
  for (const statement of still) {
    it(`keeps its version with: ${statement}`, async () => {
      assert.equal(await data.moved('city', () => data.run(statement)), 0)
    })
  }

  it('moves its version on commit, not before', async () => {
    const during: number[] = []
    const moved = await data.moved('city', () =>
      data.db.transaction().execute(async (trx) => {
        during.push(await data.moved('city', () => trx.updateTable('city').set({ country: 'XX' }).execute()))
      }),
    )
    assert.deepEqual(during, [0])
    assert.ok(moved > 0)
  })

  it('keeps its version when the change is rolled back, even to a savepoint', async () => {
    const change = "update city set name = 'no' where id = 1"
    assert.equal(await data.moved('city', () => data.run('begin', change, 'rollback')), 0)
    assert.equal(
      await data.moved('city', () => data.run('begin', 'savepoint s', change, 'rollback to s', 'commit')),
      0,
    )
  })

  it('keeps its other triggers', async () => {
    await data.run('delete from log', "update city set name = 'Paris' where id = 1")
    assert.equal((await data.run('select * from log')).length, 1)
  })

  it('gets numbers that it never had: the milliseconds of the clock where they exceed the next number', async () => {
    const slots = async () =>
      (await data.run("select version from lookup_version where table_name = 'city'")).map((row) =>
        Number(row.version),
      )
    // What a restored dump may leave.
    await data.run("update lookup_version set version = 5 where table_name = 'city'")
    const now = Date.now()
    await data.run("update city set name = 'Paris' where id = 1")
    const moved = (await slots()).filter((version) => version !== 5)
    assert.equal(moved.length, 1)
    assert.ok(Math.abs(moved[0]! - now) < 60_000, `${moved} is not about ${now}`)
    // A clock that went back, or stands still.
    await data.run("update lookup_version set version = 4000000000000 where table_name = 'city'")
    assert.equal(await data.moved('city', () => data.run("update city set name = 'Paris' where id = 1")), 1)
    await data.run("update lookup_version set version = 5 where table_name = 'city'")
  })

  it('restores a deleted version row with the next change', async () => {
    await data.run("delete from lookup_version where table_name = 'city'")
    await data.run("update city set name = 'Paris' where id = 1")
    assert.ok((await data.version('city')) > 1.7e12)
    await trackVersion(data.db, 'city')
    const rows = await data.run("select slot from lookup_version where table_name = 'city'")
    assert.equal(rows.length, 16)
  })

  it('does not notice TRUNCATE, which fires no trigger', async () => {
    await data.run('create table scratch (id int primary key) engine = InnoDB')
    await trackVersion(data.db, 'scratch')
    assert.equal(await data.moved('scratch', () => data.run('truncate table scratch')), 0)
  })
})

describe('trackVersion', () => {
  it('changes nothing but the version when it is called again, and repairs what is missing', async () => {
    await using data = await migrating(CITIES)
    await trackVersion(data.db, 'city')
    const made =
      'select trigger_name, created from information_schema.triggers where trigger_schema = database()'
    const first = await data.run(made)
    assert.ok((await data.moved('city', () => trackVersion(data.db, 'city'))) > 0)
    assert.deepEqual(await data.run(made), first)

    await data.run(
      'drop trigger lookup_version_update_city',
      'drop trigger lookup_version_insert_city',
      'create trigger lookup_version_insert_city after insert on city for each row set @x = 1',
    )
    const states = (await versionTriggers(data.db, ['city'])).get('city')
    assert.deepEqual(
      states?.map(({ event, state }) => [event, state]),
      [
        ['insert', 'different'],
        ['update', 'missing'],
        ['delete', 'live'],
      ],
    )
    await trackVersion(data.db, 'city')
    assert.ok((await versionTriggers(data.db, ['city'])).get('city')?.every(({ state }) => state === 'live'))
  })

  it('is undone by untrackVersion, even when the table is gone or renamed', async () => {
    await using data = await migrating([
      ...CITIES,
      'create trigger theirs before insert on city for each row set @theirs = 1',
    ])
    await trackVersion(data.db, 'city')
    await untrackVersion(data.db, 'city')
    assert.deepEqual(await data.triggers(), ['theirs'])
    assert.deepEqual(await data.run('select * from lookup_version'), [])
    await untrackVersion(data.db, 'city')

    await trackVersion(data.db, 'city')
    await data.run('rename table city to town')
    await untrackVersion(data.db, 'city')
    assert.deepEqual(await data.triggers(), ['theirs'])

    await trackVersion(data.db, 'town')
    await data.run('drop table town')
    assert.ok((await data.version('town')) > 0)
    await untrackVersion(data.db, 'town')
    assert.deepEqual(await data.run('select * from lookup_version'), [])
    await dropVersionTable(data.db)
    await dropVersionTable(data.db)
  })

  it('follows a table that took the place of another', async () => {
    await using data = await migrating(CITIES)
    await trackVersion(data.db, 'city')
    await data.run('create table city_new like city', 'rename table city to city_old, city_new to city')
    assert.ok(
      (await versionTriggers(data.db, ['city'])).get('city')?.every((one) => one.state === 'different'),
    )
    await trackVersion(data.db, 'city')
    assert.ok((await data.moved('city', () => data.run("insert into city values (9, 'x', 'FR')"))) > 0)
    assert.equal(await data.moved('city', () => data.run("insert into city_old values (9, 'x', 'FR')")), 0)
  })

  const names = [
    'we`ird\'s "größe" \\ ? -- %',
    '__proto__',
    'select',
    'a'.repeat(64),
    `${'b'.repeat(63)}1`,
    `${'b'.repeat(63)}2`,
    'größe',
    'grosse',
    '表'.repeat(40),
  ]
  it('accepts every name that a table can have', async () => {
    const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``
    await using data = await migrating(
      names.map((name) => `create table ${quoted(name)} (id int primary key) engine = InnoDB`),
    )
    for (const name of names) {
      await trackVersion(data.db, name)
      await freeze(data.db, name)
    }
    const states = [...(await versionTriggers(data.db, names)).values()].flat()
    assert.deepEqual(
      states.filter(({ state }) => state !== 'live'),
      [],
    )
    assert.equal(new Set(await data.triggers()).size, names.length * 5)
    for (const name of names) {
      const before = await Promise.all(names.map(data.version))
      await data.run(`insert into ${quoted(name)} values (1)`)
      const now = await Promise.all(names.map(data.version))
      assert.deepEqual(
        names.filter((_, index) => before[index] !== now[index]),
        [name],
      )
      await assert.rejects(data.run(`delete from ${quoted(name)}`), { sqlState: '45000' })
    }
  })

  it('distinguishes names that differ only in case, where the server does', async (t) => {
    await using data = await migrating(CITIES)
    const [server] = await data.run('select @@lower_case_table_names folded')
    if (server?.folded !== 0) return t.skip('the server folds names')
    await data.run('create table City like city')
    await trackVersion(data.db, 'city')
    await assert.rejects(trackVersion(data.db, 'CITY'), refusal('no table CITY'))
    await trackVersion(data.db, 'City')
    assert.equal(await data.moved('city', () => data.run("insert into City values (9, 'x', 'FR')")), 0)
    assert.ok((await data.moved('City', () => data.run('delete from City'))) > 0)
  })

  it("works under any sql_mode, on a migration's only connection, and with autocommit = 0", async () => {
    const modes = ["'ANSI,NO_BACKSLASH_ESCAPES'", "'TRADITIONAL'", "''"]
    for (const mode of modes) {
      await using data = await migrating(CITIES)
      await data.db.connection().execute(async (connection) => {
        await sql.raw(`set session sql_mode = ${mode}, autocommit = 0`).execute(connection)
        await trackVersion(connection, 'city')
      })
      assert.ok(
        (await versionTriggers(data.db, ['city'])).get('city')?.every(({ state }) => state === 'live'),
      )
      assert.ok((await data.moved('city', () => data.run("update city set name = 'x'"))) > 0)
      assert.equal((await data.run("select 1 from lookup_version where table_name = 'city'")).length, 16)
    }
  })

  it("runs up and down in Kysely's migrator", async () => {
    await using data = await lookups([])
    const migrator = new Migrator({
      db: data.db,
      provider: {
        getMigrations: async () => ({
          '0001_city': {
            async up(db: Kysely<unknown>) {
              await db.schema.createTable('city').addColumn('id', 'integer').execute()
              await createVersionTable(db)
              await trackVersion(db, 'city')
            },
            async down(db: Kysely<unknown>) {
              await untrackVersion(db, 'city')
              await dropVersionTable(db)
              await db.schema.dropTable('city').execute()
            },
          },
        }),
      },
    })
    for (const { error } of [await migrator.migrateToLatest(), await migrator.migrateDown()]) {
      assert.equal(error, undefined)
    }
    const tables = await data.run('show tables')
    assert.equal(tables.length, 2, 'only those of Kysely are left')
    assert.equal((await migrator.migrateToLatest()).error, undefined)
  })
})

describe('misuse of the migration helpers:', () => {
  let data: Migrating
  const other = `lookup_other_${randomBytes(4).toString('hex')}`

  before(async () => {
    data = await migrating([
      ...CITIES,
      'create view city_view as select * from city',
      'create table loose (id int primary key) engine = MyISAM',
      `create database ${other}`,
      `create table ${other}.parent (id int primary key) engine = InnoDB`,
      `create table child (id int primary key, foreign key (id) references ${other}.parent (id) on delete cascade) engine = InnoDB`,
    ])
  })
  after(async () => {
    await data.run('drop table child', `drop database ${other}`)
    await data[Symbol.asyncDispose]()
  })

  for (const helper of [trackVersion, freeze]) {
    it(`${helper.name} refuses what triggers cannot guard`, async () => {
      const refused = (table: string, ...texts: string[]) =>
        assert.rejects(helper(data.db, table), refusal(helper.name, ...texts))
      await refused('nowhere', 'no table nowhere')
      await refused('city_view', 'is a view')
      await refused('loose', 'MyISAM', 'alter table `loose` engine = InnoDB')
      await refused('lookup_version', 'holds the versions')
      await refused('', 'empty string')
      await refused(undefined as unknown as string, 'undefined')
      await refused('child', `from ${other}.parent`, 'RESTRICT')
      assert.deepEqual(await data.triggers(), [])
    })

    it(`${helper.name} refuses a transaction, which it would commit`, async () => {
      await data.db.transaction().execute(async (trx) => {
        await assert.rejects(helper(trx, 'city'), refusal(helper.name, 'transaction'))
      })
    })

    it(`${helper.name} refuses to run without a version table`, async () => {
      await using bare = await lookups(CITIES)
      await assert.rejects(helper(bare.db, 'city'), refusal('createVersionTable(db)'))
      await bare.run('create table lookup_version (table_name varchar(64), version int)')
      await assert.rejects(helper(bare.db, 'city'), refusal('no column slot, token'))
      await assert.rejects(createVersionTable(bare.db), refusal('no column slot, token'))
    })
  }

  it('dropVersionTable refuses while triggers need the table', async () => {
    await trackVersion(data.db, 'city')
    await assert.rejects(dropVersionTable(data.db), refusal('on city', 'untrackVersion'))
    assert.deepEqual(await data.triggers(), OWN_TRIGGERS)
    await untrackVersion(data.db, 'city')
  })
})
