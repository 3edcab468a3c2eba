import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Kysely, MysqlDialect } from 'kysely'
import { createPool } from 'mysql2'
import { createDatabase } from '../../src/index.ts'
import {
  amend,
  createVersionTable,
  dropVersionTable,
  freeze,
  frozenTriggers,
  trackVersion,
  unfreeze,
  untrackVersion,
  versionTriggers,
} from '../../src/migration/index.ts'
import type { AnyDB } from '../support/lookups.ts'
import { createTestDatabase, identifyServer, runStatements, testServerUrl } from '../support/server.ts'

const { system, release } = await identifyServer(await testServerUrl())

const SETTINGS = [
  'set sql_select_limit = 0',
  'set sql_select_limit = 1',
  'set sql_select_limit = 5',
  // Above it CREATE TABLE IF NOT EXISTS fails for a table that exists.
  ...(system === 'mariadb' && release >= 1005 ? ['set sql_if_exists = 1'] : []),
]

/** Three tables whose rows change with those of `country`, by a way that no limit may cut. */
const TABLES = [
  'create table continent (code char(2) primary key) engine = InnoDB',
  'create table region (code char(2) primary key, continent char(2), foreign key (continent) references continent (code) on delete cascade) engine = InnoDB',
  'create table country (code char(2) primary key, name varchar(20), region char(2), foreign key (region) references region (code) on delete cascade) engine = InnoDB',
  "insert into continent values ('EU')",
  "insert into region values ('WE', 'EU')",
  "insert into country values ('FR', 'France', 'WE'), ('DE', 'Germany', 'WE')",
  'create table city (id int primary key, name varchar(20)) engine = InnoDB',
  "insert into city values (1, 'Paris'), (2, 'Rome')",
]

for (const setting of SETTINGS) {
  describe(`in sessions with "${setting}"`, () => {
    /** By `createDatabase`, and as kysely-ctl connects. */
    for (const own of [true, false]) {
      it(`tables are tracked, frozen and amended: ${own ? 'createDatabase' : "Kysely's own dialect"}`, async () => {
        await using database = await createTestDatabase().then((test) => ({
          ...test,
          [Symbol.asyncDispose]: () => test.drop(),
        }))
        await runStatements(database.url, ...TABLES)
        const pool = createPool({
          uri: database.url,
          timezone: 'Z',
          ...{ dateStrings: true, supportBigNumbers: true },
        })
        pool.on('connection', (connection) => void connection.query(setting, () => {}))
        await using db = own
          ? createDatabase<AnyDB>({ pool })
          : new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool }) })

        await createVersionTable(db)
        await createVersionTable(db)
        await trackVersion(db, 'country')
        await trackVersion(db, 'country')
        await freeze(db, 'city')
        const states = [
          ...(await versionTriggers(db, ['country'])).get('country')!,
          ...(await frozenTriggers(db, ['city'])).get('city')!,
        ]
        assert.deepEqual(
          states.map(({ table, state }) => `${table} ${state}`).sort(),
          [...['city', 'city', 'continent', 'country', 'country', 'country', 'region']].map(
            (table) => `${table} live`,
          ),
        )
        const version = async () =>
          (
            await runStatements(
              database.url,
              "select sum(version) v from lookup_version where table_name = 'country'",
            )
          )[0]?.v
        const before = await version()
        await runStatements(database.url, 'delete from continent')
        assert.notEqual(await version(), before)

        await amend(db, 'city', async (trx) => {
          await trx.updateTable('city').set({ name: 'Lutetia' }).where('id', '=', 1).execute()
        })
        const [city] = await runStatements(database.url, 'select name from city where id = 1')
        assert.equal(city?.name, 'Lutetia')
        await assert.rejects(runStatements(database.url, "update city set name = 'x'"), /is frozen/)
        const tokens = await runStatements(
          database.url,
          'select 1 from lookup_version where token is not null',
        )
        assert.deepEqual(tokens, [])

        await unfreeze(db, 'city')
        await untrackVersion(db, 'country')
        await dropVersionTable(db)
        const left = await runStatements(
          database.url,
          'select 1 from information_schema.triggers where trigger_schema = database()',
        )
        assert.deepEqual(left, [])
      })
    }
  })
}
