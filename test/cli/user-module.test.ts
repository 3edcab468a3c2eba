import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { runCommandLine } from '../support/command-line.ts'
import { expectCommand } from '../support/package/command.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const KYSELY = fileURLToPath(new URL('bin.mjs', import.meta.resolve('kysely-ctl')))

const LIBRARY = JSON.stringify(pathToFileURL(resolve('src/index.ts')).href)

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

interface Misfit {
  readonly name: string
  readonly text: string
  /** Of standard error, which is this one line. */
  readonly stderr: RegExp
  /** Where it would load forever: the seconds that it may take. */
  readonly timeout?: '2'
}

const MISFITS: readonly Misfit[] = [
  {
    name: 'retries forever',
    text: `import { setTimeout } from 'node:timers/promises'
      for (;;) {
        try { throw new Error('no server') } catch { await setTimeout(50) }
      }`,
    stderr: /^FILE was not loaded within 2 s\. .*--timeout SECONDS\.$/,
    timeout: '2',
  },
  {
    name: 'blocks the event loop',
    text: 'for (;;);',
    stderr: /^FILE was not loaded within 2 s\. /,
    timeout: '2',
  },
  {
    name: 'awaits what never settles',
    text: 'await new Promise(() => {})',
    stderr: /^FILE never finishes loading: it waits for a promise that nothing settles\. /,
  },
  {
    name: 'exits with 0',
    text: 'process.exit(0)',
    stderr: /^FILE ended the process \(exit code 0\) while it was loading\. /,
  },
  {
    name: 'exits with 3',
    text: 'process.exit(3)',
    stderr: /^FILE ended the process \(exit code 3\) while it was loading\. /,
  },
  {
    name: 'kills itself',
    text: "process.kill(process.pid, 'SIGKILL'); await new Promise((resolve) => setTimeout(resolve, 5_000))",
    stderr: /^FILE ended the process \(SIGKILL\) while it was loading\. /,
  },
  {
    name: 'throws outside of its loading',
    text: `await new Promise(() => setTimeout(() => { throw new Error('later\\nand longer') }, 1))`,
    stderr: /^later and longer$/,
  },
  {
    name: 'leaves a rejection to nobody',
    text: "Promise.reject(new Error('nobody waits')); await new Promise((resolve) => setTimeout(resolve, 5_000))",
    stderr: /^nobody waits$/,
  },
]

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
    it(`is loaded as kysely-ctl loads it: ${name}`, async () => {
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

  for (const { name, text, stderr, timeout } of MISFITS) {
    it(`that ${name} is named in one line by both commands`, async () => {
      const cwd = await project(name, { 'db.ts': text, 'other/kysely.config.ts': text })
      const env = { DATABASE_URL: database.url }
      const commands = [
        { file: 'db.ts', code: 2, args: ['check', '--repositories', 'db.ts'] },
        { file: 'other/kysely.config.ts', code: 1, args: ['generate', '--config', 'other/kysely.config.ts'] },
      ]
      for (const { file, code, args } of commands) {
        const limit = timeout ? ['--timeout', timeout] : []
        const outcome = await runCommandLine({ args: [...args, ...limit], cwd, env })
        assert.match(outcome.stderr, /^kysely-lookup: [^\n]+\n$/)
        assert.match(outcome.stderr.slice('kysely-lookup: '.length, -1).replace(file, 'FILE'), stderr)
        assert.deepEqual([outcome.code, outcome.stdout], [code, ''])
      }
    })
  }

  it('that ends the process later is named as well', async () => {
    const cwd = await project('later', {
      'kysely.config.ts': `import { pool } from './pool.ts'
        import { MysqlDialect } from 'kysely'
        export default { dialect: new MysqlDialect({ pool: pool() }) }
        process.nextTick(() => setImmediate(() => process.exit(0)))`,
      'pool.ts': FROM_ENVIRONMENT,
    })
    const outcome = await runCommandLine({
      args: ['generate', '--print'],
      cwd,
      env: { FROM_CONFIG: database.url },
    })
    assert.match(outcome.stderr, /^kysely-lookup: [^\n]*\(exit code 0\)[^\n]* kysely\.config\.ts[^\n]*\n$/)
    assert.deepEqual([outcome.code, outcome.stdout], [1, ''])
  })

  it('whose pool gives no connection is named, and not waited for forever', async () => {
    const cwd = await project('silent', {
      'db.ts': `import { createPool } from 'mysql2'
        import { createDatabase, createRepositories } from ${LIBRARY}
        const pool = createPool({ uri: process.env.DATABASE_URL, connectionLimit: 1, charset: 'utf8mb4',
          timezone: 'Z', dateStrings: true, supportBigNumbers: true })
        pool.getConnection(() => {})
        export const repos = createRepositories({ db: createDatabase({ pool }), tables: {} })`,
    })
    const env = { DATABASE_URL: database.url }
    const outcome = await runCommandLine({ args: ['check', '--repositories', 'db.ts'], cwd, env })
    assert.match(
      outcome.stderr,
      /^kysely-lookup: no answer from the database of db\.ts within 15 s\. [^\n]+\n$/,
    )
    assert.deepEqual([outcome.code, outcome.stdout], [2, ''])
  })

  it('may print anything: standard output has only the answer', async () => {
    const cwd = await project('loud', {
      'kysely.config.mjs': `import { pool } from './pool.mjs'
        import { MysqlDialect } from 'kysely'
        console.log('connected')
        process.on('exit', () => console.log('bye'))
        process.exitCode = 7
        export default { dialect: new MysqlDialect({ pool: pool() }) }`,
      'pool.mjs': FROM_ENVIRONMENT,
    })
    const env = { FROM_CONFIG: database.url }
    const outcome = await runCommandLine({ args: ['generate', '--print'], cwd, env })
    assert.equal(outcome.code, 0)
    assert.match(outcome.stdout, /^\/\/ /)
    assert.equal(outcome.stderr, 'connected\nbye\n')
  })

  it('accepts only a sensible time limit', async () => {
    for (const seconds of ['0', '-1', 'x', '']) {
      const { code, stderr } = await runCommandLine({
        args: ['generate', `--timeout=${seconds}`],
        cwd: folder,
        env: {},
      })
      assert.equal(code, 2)
      assert.match(stderr, /^kysely-lookup: --timeout is a positive number of seconds, not/)
    }
  })
})
