import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Outcome, runCommandLine } from '../support/command-line.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const PASSWORD = 'p@ss w#rd/é'

interface Case {
  readonly name: string
  readonly args: () => readonly string[]
  readonly env?: () => NodeJS.ProcessEnv
  readonly stderr: RegExp
  readonly code?: number
}

// At once, for two of the failures are time-outs.
describe('kysely-lookup on the command line', { concurrency: 2 }, () => {
  let database: TestDatabase
  let empty: TestDatabase
  let folder: string

  const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    runCommandLine({ args, env, cwd: folder })
  const url = (change: (url: URL) => void): string => {
    const changed = new URL(database.url)
    change(changed)
    return changed.href
  }
  const withPassword = url.bind(undefined, (changed) => {
    changed.password = encodeURIComponent(PASSWORD)
  })

  before(async () => {
    database = await createTestDatabase()
    empty = await createTestDatabase()
    await runStatements(
      database.url,
      'create table country (code char(2) character set ascii primary key, name varchar(20) character set utf8mb4, key by_name (name(5)))',
      'create table kysely_migration (name varchar(255) primary key)',
      'create table log (line int)',
      'create view seen as select code from country',
    )
    await runStatements(empty.url, 'create table kysely_migration (name varchar(255) primary key)')
    folder = await mkdtemp(join(tmpdir(), 'cli-'))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'hand-written.ts'), 'export const mine = 1\n')
    await mkdir(join(folder, 'a-folder'))
    for (const [name, text] of Object.entries(CONFIGS)) await writeFile(join(folder, name), text)
  })

  after(async () => {
    await Promise.all([database.drop(), empty.drop()])
    await rm(folder, { recursive: true })
  })

  it('writes the file, says what is left out, and leaves a current file alone', async () => {
    const written = await run(['generate', '--url', database.url, '--out-file', 'made/for/it/schema.ts'])
    assert.deepEqual(written, {
      code: 0,
      stdout: 'made/for/it/schema.ts written\n',
      stderr: [
        'country: index by_name is left out: it covers only the first 5 characters or bytes of name',
        'log: only in DB, not in tables: it has no primary key',
        'seen: only in DB, not in tables: it is a view',
      ]
        .map((line) => `kysely-lookup: ${line}\n`)
        .join(''),
    })
    const source = await readFile(join(folder, 'made/for/it/schema.ts'), 'utf8')
    assert.doesNotMatch(source, /kysely_migration/)
    const again = await run(['generate', '--url', database.url, '--out-file', 'made/for/it/schema.ts'])
    assert.equal(again.stdout, 'made/for/it/schema.ts is current\n')
    const printed = await run(['generate', '--url', 'env(ELSEWHERE)', '--print'], { ELSEWHERE: database.url })
    assert.equal(printed.stdout, source.replace(' --out-file made/for/it/schema.ts', ''))
  })

  it('writes into the file the command that generates it again from this folder', async () => {
    const generate = async (...args: string[]) => {
      const { code, stderr } = await run(['generate', '--url', database.url, ...args])
      assert.deepEqual([code, stderr.match(/cannot|refuse/)], [0, null], stderr)
    }
    const command = async (file: string) => (await readFile(join(folder, file), 'utf8')).split('\n')[1]
    await generate('--out-file', './by/./hand.ts', '--bigint', 'string')
    assert.equal(
      await command('by/hand.ts'),
      '// npx kysely-lookup generate --out-file by/hand.ts --bigint string',
    )
    await generate('--out-file', join(folder, 'with space.ts'))
    assert.equal(await command('with space.ts'), "// npx kysely-lookup generate --out-file 'with space.ts'")
    await generate('--out-file', 'src/schema.ts')
    assert.equal(await command('src/schema.ts'), '// npx kysely-lookup generate')
    // Another folder names the file in another way, which makes it no other file.
    const env = { DATABASE_URL: database.url }
    const from = (...args: string[]) => runCommandLine({ args, env, cwd: join(folder, 'by') })
    const verified = await from('generate', '--verify', '--bigint', 'string', '--out-file', 'hand.ts')
    assert.deepEqual(verified, { code: 0, stdout: 'hand.ts is current\n', stderr: '' })
    assert.equal((await from('check', '--out-file', '../with space.ts')).stdout, 'nothing found\n')
  })

  it('accepts a current file with --verify, whatever its line ends, and shows a diff of a stale one', async () => {
    const args = ['generate', '--url', database.url, '--exclude-pattern', '{log,seen}', '--out-file', 'v.ts']
    assert.equal((await run(args)).code, 0)
    const source = await readFile(join(folder, 'v.ts'), 'utf8')
    assert.equal(
      source.split('\n')[1],
      "// npx kysely-lookup generate --out-file v.ts --exclude-pattern '{log,seen}'",
    )
    await writeFile(join(folder, 'v.ts'), source.replaceAll('\n', '\r\n'))
    assert.deepEqual(await run([...args, '--verify']), { code: 0, stdout: 'v.ts is current\n', stderr: '' })
    const stale = source.replace('  name: string | null\n', '  old: number\n')
    await writeFile(join(folder, 'v.ts'), stale)
    const outcome = await run([...args, '--verify'])
    assert.equal(outcome.code, 1)
    assert.match(
      outcome.stderr,
      /^kysely-lookup: stale-file: v\.ts is not what would be generated now, from "name: string \| null" on\. [^\n]+\n$/,
    )
    assert.match(outcome.stdout, /^--- v\.ts\n\+\+\+ v\.ts \(generated\)\n@@ line \d+ @@\n/)
    assert.match(outcome.stdout, /\n- {2}old: number\n\+ {2}name: string \| null\n/)
    assert.equal(await readFile(join(folder, 'v.ts'), 'utf8'), stale)
  })

  it('chooses tables by patterns, with or without their database', async () => {
    const names = async (...patterns: string[]) => {
      const { stdout } = await run(['generate', '--url', database.url, '--print', ...patterns])
      return [...stdout.matchAll(/^ {2}(\w+): [A-Z]/gm)].map(([, name]) => name)
    }
    assert.deepEqual(await names(), ['country', 'log', 'seen'])
    assert.deepEqual(await names('--include-pattern', '*o*'), ['country', 'log'])
    assert.deepEqual(await names('--include-pattern', `${database.name}.*`, '--exclude-pattern', 'l*'), [
      'country',
      'seen',
    ])
    assert.deepEqual(await names('--include-pattern', 'kysely_migration'), ['kysely_migration'])
  })

  it('prefers --url to a config and a config to DATABASE_URL, and finds the nearest config above', async () => {
    const project = join(folder, 'project')
    await mkdir(join(project, 'below'), { recursive: true })
    await symlink(resolve('node_modules'), join(project, 'node_modules'))
    await writeFile(join(project, 'kysely.config.ts'), CONFIGS['plain.config.ts'] ?? '')
    const cwd = join(project, 'below')
    const env = { FROM_CONFIG: empty.url, DATABASE_URL: database.url }
    const config = await runCommandLine({ args: ['generate', '--print'], env, cwd })
    assert.match(config.stderr, new RegExp(`${empty.name} has no tables`))
    const flag = await runCommandLine({ args: ['generate', '--print', '--url', database.url], env, cwd })
    assert.match(flag.stdout, /export interface Country/)
    const variable = await run(['generate', '--print'], { DATABASE_URL: database.url })
    assert.match(variable.stdout, /export interface Country/)
  })

  it('works with a config that has plugins, a dialect factory and a timer, and ends', async () => {
    const env = { FROM_CONFIG: database.url }
    const { code, stdout } = await run(['generate', '--print', '--config', 'busy.config.ts'], env)
    assert.equal(code, 0)
    assert.match(stdout, /by_name|code: string/)
  })

  it('answers --help and --version on standard output', async () => {
    assert.match((await run(['--help'])).stdout, /^Usage: kysely-lookup <command>/)
    assert.match((await run(['generate', '--help'])).stdout, /--verify[\s\S]*DATABASE_URL/)
    const manifest = JSON.parse(await readFile('package.json', 'utf8'))
    assert.deepEqual(await run(['--version']), { code: 0, stdout: `${manifest.version}\n`, stderr: '' })
  })

  const cases: Case[] = [
    {
      name: 'no command',
      args: () => [],
      stderr: /a command is missing\. See kysely-lookup --help/,
      code: 2,
    },
    { name: 'an unknown command', args: () => ['chekc'], stderr: /unknown command 'chekc'/, code: 2 },
    {
      name: 'an unknown flag',
      args: () => ['generate', '--vrfy'],
      stderr: /Unknown option '--vrfy'/,
      code: 2,
    },
    {
      name: 'an unexpected argument',
      args: () => ['generate', 'x'],
      stderr: /Unexpected argument 'x'/,
      code: 2,
    },
    {
      name: 'a bad choice',
      args: () => ['generate', '--bigint', 'x'],
      stderr: /--bigint is one of/,
      code: 2,
    },
    { name: 'no database at all', args: () => ['generate'], stderr: /no database given/ },
    {
      name: 'a malformed URL',
      args: () => ['generate', '--url', `root:${encodeURIComponent(PASSWORD)}@host/x`],
      stderr: /--url is not a URL of the form mysql:\/\//,
    },
    {
      name: 'a URL of another database system',
      args: () => ['generate'],
      env: () => ({ DATABASE_URL: withPassword().replace('mysql:', 'postgres:') }),
      stderr: /DATABASE_URL is not a URL of the form mysql:\/\//,
    },
    {
      name: 'a URL without a database',
      args: () => ['generate', '--url', url((changed) => (changed.pathname = '/'))],
      stderr: /--url names no database/,
    },
    {
      name: 'a password that is not percent-encoded',
      args: () => ['generate', '--url', 'mysql://root:100%@127.0.0.1/x'],
      stderr: /holds a % that is not part of a percent-encoding/,
    },
    {
      name: 'an unreachable server',
      args: () => ['generate', '--url', `mysql://root:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/x`],
      stderr: /cannot connect to 127\.0\.0\.1:1 \(from --url\): connection refused/,
    },
    {
      name: 'an unknown host',
      args: () => ['generate', '--url', 'mysql://root@no-such-host.invalid/x'],
      stderr: /cannot connect to no-such-host\.invalid:3306/,
    },
    {
      name: 'a wrong password',
      args: () => ['generate', '--url', withPassword()],
      stderr: /refused the user or the password of --url: Access denied/,
    },
    {
      name: 'no such database',
      args: () => ['generate', '--url', url((changed) => (changed.pathname = '/no_such_database'))],
      stderr: /no such database at [^ ]+ \(from --url\): Unknown database 'no_such_database'/,
    },
    {
      name: 'a database without tables of its own',
      args: () => ['generate', '--url', empty.url],
      stderr: /the database lookup_test_\w+ has no tables\. Run the migrations first/,
    },
    {
      name: 'patterns that match nothing',
      args: () => ['generate', '--url', database.url, '--include-pattern', 'x*'],
      stderr: /no table of the database \w+ matches the patterns/,
    },
    {
      name: 'a file written by hand',
      args: () => ['generate', '--url', database.url, '--out-file', 'hand-written.ts'],
      stderr: /hand-written\.ts was not generated by kysely-lookup and is left alone/,
    },
    {
      name: 'a folder as the file',
      args: () => ['generate', '--url', database.url, '--out-file', 'a-folder'],
      stderr: /cannot read a-folder: it is a folder/,
    },
    {
      name: 'a file as the folder',
      args: () => ['generate', '--url', database.url, '--out-file', 'hand-written.ts/schema.ts'],
      stderr: /cannot read hand-written\.ts\/schema\.ts: a part of its path is not a folder/,
    },
    ...(process.platform === 'linux'
      ? [
          {
            name: 'a place that cannot be written',
            args: () => ['generate', '--url', database.url, '--out-file', '/proc/no/schema.ts'],
            stderr: /cannot write \/proc\/no\/schema\.ts/,
          },
        ]
      : []),
    {
      name: '--verify without a file',
      args: () => ['generate', '--url', database.url, '--verify', '--out-file', 'none.ts'],
      stderr: /none\.ts does not exist\. Run kysely-lookup generate/,
    },
    {
      name: 'a config that is not there',
      args: () => ['generate', '--config', 'no.ts'],
      stderr: /there is no no\.ts/,
    },
    {
      name: 'a config that does not parse',
      args: () => ['generate', '--config', 'broken.config.ts'],
      stderr: /broken\.config\.ts cannot be used/,
    },
    {
      name: 'a config that throws the password',
      args: () => ['generate', '--config', 'throwing.config.ts'],
      env: () => ({ DATABASE_URL: withPassword() }),
      stderr: /throwing\.config\.ts cannot be used: bad \*\*\*/,
    },
    {
      name: 'a config of another database system',
      args: () => ['generate', '--config', 'postgres.config.ts'],
      stderr: /its dialect is "pg", and only 'mysql2' is supported/,
    },
    {
      name: 'a config with a visible promise pool',
      args: () => ['generate', '--config', 'promise.config.ts'],
      env: () => ({ FROM_CONFIG: database.url }),
      stderr: /one of 'mysql2\/promise'/,
    },
    {
      name: 'a config with a hidden promise pool',
      args: () => ['generate', '--config', 'hidden-promise.config.ts'],
      env: () => ({ FROM_CONFIG: database.url }),
      stderr: /no answer from the database of hidden-promise\.config\.ts within 15 s.*mysql2\/promise/,
    },
    {
      name: 'a config whose server refuses the password',
      args: () => ['generate', '--config', 'plain.config.ts'],
      env: () => ({ FROM_CONFIG: withPassword() }),
      stderr: /refused the user or the password of plain\.config\.ts/,
    },
  ]

  describe('says each failure in one line, with what to do, without a stack or a password:', {
    concurrency: 2,
  }, () => {
    for (const { name, args, env, stderr, code = 1 } of cases) {
      it(name, async () => {
        const outcome = await run(args(), env?.())
        assert.match(outcome.stderr, stderr)
        assert.match(outcome.stderr, /^kysely-lookup: [^\n]+\n$/)
        for (const secret of [PASSWORD, encodeURIComponent(PASSWORD), '100%']) {
          assert.ok(!(outcome.stderr + outcome.stdout).includes(secret), outcome.stderr)
        }
        assert.deepEqual([outcome.code, outcome.stdout], [code, ''])
      })
    }
  })

  it('says in one line that a server accepts and does not answer', async () => {
    const silent = await silentServer()
    const outcome = await run(['generate', '--url', `mysql://root@127.0.0.1:${silent.port}/x`])
    silent.close()
    assert.equal(outcome.code, 1)
    assert.match(outcome.stderr, /^kysely-lookup: cannot connect to [^\n]+: no answer in time\n$/)
  })
})

const CONFIGS: Readonly<Record<string, string>> = {
  'plain.config.ts': `import { defineConfig } from 'kysely-ctl'
    import { createPool } from 'mysql2'
    export default defineConfig({ dialect: 'mysql2', dialectConfig: () => ({ pool: createPool({ uri: process.env.FROM_CONFIG }) }) })`,
  'busy.config.ts': `import { CamelCasePlugin, MysqlDialect } from 'kysely'
    import { createPool } from 'mysql2'
    setInterval(() => {}, 1000)
    const pool = createPool({ uri: process.env.FROM_CONFIG as string })
    export default { dialect: () => new MysqlDialect({ pool }), plugins: [new CamelCasePlugin()] }`,
  'broken.config.ts': 'export default {',
  'throwing.config.ts': `export default { kysely: () => { throw new Error('bad ' + process.env.DATABASE_URL) } }`,
  'postgres.config.ts': `export default { dialect: 'pg', dialectConfig: {} }`,
  'promise.config.ts': `import { createPool } from 'mysql2/promise'
    export default { dialect: 'mysql2', dialectConfig: { pool: createPool({ uri: process.env.FROM_CONFIG }) } }`,
  'hidden-promise.config.ts': `import { Kysely, MysqlDialect } from 'kysely'
    import { createPool } from 'mysql2/promise'
    const pool = createPool({ uri: process.env.FROM_CONFIG })
    export default { kysely: new Kysely({ dialect: new MysqlDialect({ pool: pool as never }) }) }`,
}

async function silentServer(): Promise<{ port: number; close(): void }> {
  const sockets: Socket[] = []
  const server: Server = createServer((socket) => sockets.push(socket))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
