import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { CamelCasePlugin, type Kysely } from 'kysely'
import { createRepositories } from '../../src/index.ts'
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
import { truncateTables } from '../../src/testing/index.ts'
import { runCommandLine } from '../support/command-line.ts'
import type { AnyDB } from '../support/lookups.ts'
import { CITIES, type Migrating, migrating, refusal } from '../support/migration/migrating.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

type Instance = Kysely<AnyDB>

const HELPERS: Readonly<Record<string, (db: Instance) => Promise<unknown>>> = {
  createVersionTable: (db) => createVersionTable(db),
  dropVersionTable: (db) => dropVersionTable(db),
  trackVersion: (db) => trackVersion(db, 'city'),
  untrackVersion: (db) => untrackVersion(db, 'city'),
  versionTriggers: (db) => versionTriggers(db, ['city']),
  freeze: (db) => freeze(db, 'city'),
  unfreeze: (db) => unfreeze(db, 'city'),
  frozenTriggers: (db) => frozenTriggers(db, ['city']),
  amend: (db) => amend(db, 'city', async () => {}),
  truncateTables: (db) => truncateTables(db),
}

describe('an instance from withSchema()', () => {
  let data: Migrating
  let other: TestDatabase

  before(async () => {
    data = await migrating(CITIES)
    other = await createTestDatabase()
    await runStatements(other.url, ...CITIES)
    await trackVersion(data.db, 'city')
    await freeze(data.db, 'city')
  })
  after(async () => {
    await data[Symbol.asyncDispose]()
    await other.drop()
  })

  const state = async () => [
    await data.triggers(),
    await data.version('city'),
    await data.run('select * from city'),
  ]

  for (const [name, call] of Object.entries(HELPERS)) {
    it(`is refused by ${name}, which leaves the connection's own database alone`, async () => {
      const before = await state()
      for (const db of [
        data.db.withSchema(other.name),
        data.db.withSchema(other.name).withPlugin(new CamelCasePlugin()),
      ]) {
        await assert.rejects(call(db), refusal(`${name}: `, 'withSchema()', 'mysql://'))
      }
      assert.deepEqual(await state(), before)
    })
  }

  it('is refused by createRepositories, even with allowPlugins', () => {
    const db = data.db.withSchema(other.name)
    for (const allowPlugins of [[], ['WithSchemaPlugin']]) {
      assert.throws(
        () => createRepositories({ db, tables: data.tables, allowPlugins }),
        refusal('createRepositories: ', 'withSchema()'),
      )
    }
  })

  it('is refused in a kysely.config.ts by generate and check', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'with-schema-'))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    const pool = 'createPool({ uri: process.env.URL })'
    const configs = [
      `export default { kysely: new Kysely({ dialect: new MysqlDialect({ pool: ${pool} }) }).withSchema('${other.name}') }`,
      `export default { dialect: 'mysql2', dialectConfig: { pool: ${pool} }, plugins: [new WithSchemaPlugin('x')] }`,
    ]
    for (const config of configs) {
      const imports = `import { Kysely, MysqlDialect, WithSchemaPlugin } from 'kysely'; import { createPool } from 'mysql2'`
      await writeFile(join(folder, 'kysely.config.ts'), `${imports}\n${config}`)
      for (const [command, code] of [
        ['generate', 1],
        ['check', 2],
      ] as const) {
        const outcome = await runCommandLine({ args: [command], env: { URL: data.test.url }, cwd: folder })
        assert.match(
          outcome.stderr,
          /^kysely-lookup: kysely\.config\.ts cannot be used: [^\n]*withSchema\(\)[^\n]*\n$/,
        )
        assert.deepEqual([outcome.code, outcome.stdout], [code, ''])
      }
    }
    await rm(folder, { recursive: true })
  })

  it('is not an instance with other plugins, which the helpers ignore', async () => {
    const db = data.db.withPlugin(new CamelCasePlugin())
    assert.equal((await versionTriggers(db, ['city'])).get('city')?.length, 3)
  })
})
