import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runCommandLine } from '../support/command-line.ts'
import { expectCommand } from '../support/package/command.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const KYSELY = fileURLToPath(new URL('bin.mjs', import.meta.resolve('kysely-ctl')))

const FROM_ENVIRONMENT = `import { createPool } from 'mysql2'
  export const pool = () => createPool({ uri: process.env.FROM_CONFIG })`

/** Projects by the way in which their kysely.config is written. */
const PROJECTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'a file .ts, with imports as bundlers take them': {
    'kysely.config.ts': `import { defineConfig } from 'kysely-ctl'
      import { Uri } from '@/types'
      import { pool } from './src/pool'
      enum Name { Mysql = 'mysql2' }
      const uri: Uri = ''
      export default defineConfig({ dialect: Name.Mysql, dialectConfig: () => ({ pool: pool() }) })`,
    'tsconfig.json': JSON.stringify({ compilerOptions: { baseUrl: '.', paths: { '@/*': ['./src/*'] } } }),
    'src/types.ts': 'export type Uri = string',
    'src/pool.ts': FROM_ENVIRONMENT,
  },
  'a file .mjs': {
    'kysely.config.mjs': `import { MysqlDialect } from 'kysely'
      import { pool } from './pool.mjs'
      export default { dialect: new MysqlDialect({ pool: pool() }) }`,
    'pool.mjs': FROM_ENVIRONMENT,
  },
  'a file .cjs': {
    'kysely.config.cjs': `const { createPool } = require('mysql2')
      module.exports = { dialect: 'mysql2', dialectConfig: { pool: createPool({ uri: process.env.FROM_CONFIG }) } }`,
  },
  'a file in .config, with the URL in .env': {
    '.config/kysely.config.ts': `import { createPool } from 'mysql2'
      export default { dialect: 'mysql2', dialectConfig: () => ({ pool: createPool({ uri: process.env.FROM_DOTENV }) }) }`,
    '.env': 'FROM_DOTENV=$FROM_CONFIG',
  },
  'an environment of its own': {
    'kysely.config.ts': `import { DUMMY_DIALECT_CONFIG, defineConfig } from 'kysely-ctl'
      import { createPool } from 'mysql2'
      export default defineConfig({ dialect: 'mysql2', dialectConfig: DUMMY_DIALECT_CONFIG,
        $env: { staging: { dialectConfig: () => ({ pool: createPool({ uri: process.env.FROM_DOTENV }) }) } } })`,
    '.env.staging': 'FROM_DOTENV=$FROM_CONFIG',
  },
}

describe("a user's module on the command line", { concurrency: 2 }, () => {
  let database: TestDatabase
  let folder: string

  before(async () => {
    database = await createTestDatabase()
    await runStatements(database.url, 'create table country (code char(2) primary key)')
    folder = await mkdtemp(join(tmpdir(), 'user-module-'))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  })
  after(async () => {
    await database.drop()
    await rm(folder, { recursive: true })
  })

  async function project(name: string, files: Readonly<Record<string, string>>): Promise<string> {
    const cwd = join(folder, name.replaceAll(/\W+/g, '-'))
    for (const [file, text] of Object.entries(files)) {
      await mkdir(dirname(join(cwd, file)), { recursive: true })
      await writeFile(join(cwd, file), text)
    }
    return cwd
  }

  for (const [name, files] of Object.entries(PROJECTS)) {
    it(`is loaded as kysely-ctl does: ${name}`, async () => {
      const cwd = await project(name, files)
      const environment = name.includes('environment') ? ['-e', 'staging'] : []
      const env = { FROM_CONFIG: database.url }
      const args = ['generate', '--print', ...environment]
      const outcome = await runCommandLine({ args, cwd, env })
      assert.deepEqual([outcome.code, outcome.stderr], [0, ''])
      assert.match(outcome.stdout, /export interface Country/)
      const query = ['sql', 'show tables', '--format', 'json', '--no-outdated-check', ...environment]
      assert.match(
        await expectCommand({ program: process.execPath, args: [KYSELY, ...query], cwd, env }),
        /country/,
      )
    })
  }
})
