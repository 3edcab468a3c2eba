import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { runCommandLine } from '../support/command-line.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const CONFIG = `import { createPool } from 'mysql2'
  export default {
    dialect: 'mysql2',
    dialectConfig: () => ({ pool: createPool({ uri: process.env.FROM_CONFIG }) }),
    migrations: { migrationTableName: 'applied', migrationLockTableName: 'applied_lock' },
    $env: { other: { migrations: { migrationTableName: 'city' } } },
  }`

describe('the tables in which migrations are noted', () => {
  let database: TestDatabase
  let folder: string

  before(async () => {
    database = await createTestDatabase()
    await runStatements(
      database.url,
      ...[
        'applied',
        'applied_lock',
        'kysely_migration',
        'kysely_migration_lock',
        'lookup_version',
        'city',
      ].map((name) => `create table ${name} (name varchar(255) primary key)`),
    )
    folder = await mkdtemp(join(tmpdir(), 'migration-tables-'))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'kysely.config.ts'), CONFIG)
  })
  after(async () => {
    await database.drop()
    await rm(folder, { recursive: true })
  })

  async function run(...args: readonly string[]) {
    const env = { FROM_CONFIG: database.url }
    const { code, stdout, stderr } = await runCommandLine({ args, env, cwd: folder })
    const tables = [...stdout.matchAll(/^ {4}name: '(\w+)',$/gm)].map(([, name]) => name)
    return { code, tables, stdout, stderr }
  }

  it('are left out of the generated file, with the names that kysely.config.ts gives them', async () => {
    for (const connection of [[], ['--url', database.url], ['--config', 'kysely.config.ts']]) {
      const { code, tables, stderr } = await run('generate', '--print', ...connection)
      assert.deepEqual([code, tables, stderr], [0, ['city'], ''])
    }
  })

  it('are those of the chosen environment', async () => {
    assert.deepEqual((await run('generate', '--print', '-e', 'other')).tables, ['applied'])
  })

  it('are in it where a pattern names them', async () => {
    const { tables } = await run('generate', '--print', '--include-pattern', 'applied')
    assert.deepEqual(tables, ['applied'])
  })

  it('are known to check and to --verify too', async () => {
    assert.equal((await run('generate')).code, 0)
    assert.equal((await run('generate', '--verify')).stdout, 'src/schema.ts is current\n')
    assert.equal((await run('check')).stdout, 'nothing found\n')
  })

  it('are those of Kysely where the configuration cannot be loaded, which is said', async () => {
    await writeFile(
      join(folder, 'broken.config.ts'),
      "throw new Error('no variables here') // migrationTableName",
    )
    const { code, tables, stderr } = await run(
      ...['generate', '--print', '--url', database.url, '--config', 'broken.config.ts'],
    )
    assert.deepEqual([code, tables], [0, ['applied', 'applied_lock', 'city']])
    assert.match(stderr, /^kysely-lookup: broken\.config\.ts cannot be used: no variables here\. [^\n]+\n$/)
  })
})
