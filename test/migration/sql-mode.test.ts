import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Kysely, MysqlDialect, sql } from 'kysely'
import { createPool } from 'mysql2'
import { createDatabase, createRepositories } from '../../src/index.ts'
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
import { createTestDatabase } from '../../src/testing/index.ts'
import type { ThrowawayServer } from '../../src/testing/server/throwaway-server.ts'
import { runCommandLine } from '../support/command-line.ts'
import { type AnyDB, metadataOf } from '../support/lookups.ts'
import { CITIES, frozen } from '../support/migration/migrating.ts'
import { startPrivateServer } from '../support/private-server.ts'
import { runStatements, systemUnderTest } from '../support/server.ts'

const system = await systemUnderTest()

/** ORACLE has another grammar: blocks instead of BEGIN, and more reserved words. */
const MODES = [
  ...(system === 'mariadb' ? ['ORACLE', 'MSSQL'] : ['HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION']),
  'ANSI,IGNORE_SPACE,PIPES_AS_CONCAT',
]

/** How the program connects; kysely-ctl makes the second kind. */
const INSTANCES: Readonly<Record<string, (uri: string) => Kysely<AnyDB>>> = {
  createDatabase: (uri) => createDatabase<AnyDB>({ uri }),
  "Kysely's own dialect": (uri) =>
    new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool: createPool({ uri, timezone: 'Z' }) }) }),
}

for (const mode of MODES) {
  describe(`a server with sql_mode ${mode}`, () => {
    let server: ThrowawayServer

    before(async () => {
      server = await startPrivateServer(`--sql-mode=${mode}`)
    })
    after(() => server?.stop())

    for (const [instance, connect] of Object.entries(INSTANCES)) {
      it(`tracks, freezes and amends tables: ${instance}`, async () => {
        await using database = await createTestDatabase({ server })
        await runStatements(database.url, ...CITIES)
        await using db = connect(database.url)
        const modeOf = async (over: Kysely<AnyDB>) =>
          (await sql<{ mode: string }>`select @@sql_mode as mode`.execute(over)).rows[0]?.mode
        const before = await modeOf(db)
        await createVersionTable(db)
        await trackVersion(db, 'city')
        await freeze(db, 'city')
        const states = [
          ...(await versionTriggers(db, ['city'])).get('city')!,
          ...(await frozenTriggers(db, ['city'])).get('city')!,
        ]
        assert.deepEqual(new Set(states.map(({ state }) => state)), new Set(['live']))
        await assert.rejects(db.deleteFrom('city').execute(), frozen('city'))
        const inside = await amend(db, 'city', async (trx) => {
          await trx.updateTable('city').set({ name: 'x' }).where('id', '=', 1).execute()
          return await modeOf(trx)
        })
        assert.equal(inside, before)
        const failing = amend(db, 'city', async (trx) => {
          await trx.deleteFrom('city').execute()
          throw new Error('mine')
        })
        await assert.rejects(failing, { message: 'mine' })
        assert.equal((await runStatements(database.url, "select * from city where name = 'x'")).length, 1)
        await unfreeze(db, 'city')
        await untrackVersion(db, 'city')
        await dropVersionTable(db)
        assert.equal(await modeOf(db), before)
      })
    }

    it('serves lookups, writes, transactions, generate and check', async () => {
      await using database = await createTestDatabase({ server })
      await runStatements(database.url, ...CITIES)
      await using db = createDatabase<AnyDB>({ uri: database.url })
      await createVersionTable(db)
      await trackVersion(db, 'city')
      const tables = await metadataOf(db)
      const repos = createRepositories({ db, tables: { city: tables.city! }, cache: { city: 'versioned' } })
      const city = repos.$table('city')
      assert.equal((await city.findByKey({ id: 1 }))?.name, 'Paris')
      await repos.$transaction(async (trx) => {
        await trx.$table('city').update({ id: 1 }, { name: 'Lutetia' })
      })
      assert.equal((await city.findByKey({ id: 1 }))?.name, 'Lutetia')
      await repos.$close()
      const env = { DATABASE_URL: database.url }
      const printed = await runCommandLine({ args: ['generate', '--print'], env, cwd: '/' })
      assert.match(printed.stdout, /export interface City /)
      assert.deepEqual([printed.code, printed.stderr], [0, ''])
    })
  })
}
