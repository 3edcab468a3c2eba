import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { findingCodes } from '../../src/check/finding.ts'
import { type Outcome, runCommandLine } from '../support/command-line.ts'
import { databaseUser } from '../support/database-user.ts'
import { createReferenceDatabase, MIGRATIONS } from '../support/reference-database.ts'
import { runStatements } from '../support/server.ts'

const LIBRARY = JSON.stringify(pathToFileURL(resolve('src/index.ts')).href)

describe('kysely-lookup check on the command line', () => {
  let data: Awaited<ReturnType<typeof createReferenceDatabase>>
  let folder: string

  const check = (...args: string[]): Promise<Outcome> =>
    runCommandLine({ args: ['check', ...args], env: { DATABASE_URL: data.test.url }, cwd: folder })
  const quiet = ['--ignore', 'lock-tables']
  const ofService = ['--repositories', 'src/db.ts', '--migrations', MIGRATIONS, ...quiet]
  const ofFile = ['--migrations', MIGRATIONS, ...quiet]

  before(async () => {
    data = await createReferenceDatabase()
    folder = await mkdtemp(join(tmpdir(), 'check-'))
    await mkdir(join(folder, 'src'))
    await mkdir(join(folder, 'js-migrations'))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    await copyFile('examples/service/schema.ts', join(folder, 'src/schema.ts'))
    const service = (await readFile('examples/service/db.ts', 'utf8')).replace("'kysely-lookup'", LIBRARY)
    const files = {
      'src/db.ts': service,
      'src/several.ts': `export { repos } from './db.ts'\nexport * from './refused.ts'`,
      'src/refused.ts': service
        .replace('createDatabase<DB>({ uri: process.env.DATABASE_URL })', 'createDatabase<DB>({ pool })')
        .replace('export const repos', 'export const others')
        .replace(
          'export const db',
          `import { createPool } from 'mysql2'
           const pool = createPool({ uri: process.env.DATABASE_URL, charset: 'utf8mb4', timezone: 'Z',
             dateStrings: true, supportBigNumbers: true })
           pool.on('connection', (one) => one.query('set session transaction isolation level read uncommitted'))
           export const db`,
        ),
      // As a bundler takes it, and Node does not.
      'src/extensionless.ts': service.replace("'./schema.ts'", "'./schema'"),
      'src/wrong.ts': service.replace("city: 'immutable'", "planet: 'immutable'"),
      'src/nothing.ts': 'export const repos = {}',
      'src/broken.ts': "import './not-there.ts'",
      'src/by-hand.ts': 'export const tables = {}',
      'js-migrations/0001_first.js': 'export async function up() {}',
      'js-migrations/helper.js': 'export const answer = 42',
    }
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  })
  after(async () => {
    await data?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('finds nothing in the healthy reference database and its service', async () => {
    assert.deepEqual(await check(...ofService), { code: 0, stdout: 'nothing found\n', stderr: '' })
    const json = await check(...ofService, '--json')
    assert.deepEqual([json.code, JSON.parse(json.stdout)], [0, { findings: [], notes: [], skipped: [] }])
  })

  it('notes how to load dumps of tracked tables, which LOCK TABLES hinders, without a finding', async () => {
    const service = ['--repositories', 'src/db.ts', '--migrations', MIGRATIONS]
    const { code, stdout, stderr } = await check(...service)
    assert.deepEqual([code, stdout], [0, 'nothing found\n'])
    assert.match(
      stderr,
      /^kysely-lookup: note: under LOCK TABLES, [^\n]+ country[^\n]+--skip-add-locks[^\n]+\n$/,
    )
    const { notes } = JSON.parse((await check(...service, '--json')).stdout)
    assert.deepEqual(
      notes.map((note: { code: unknown }) => note.code),
      ['lock-tables'],
    )
  })

  it('asks the database which tables are guarded when no repositories are given, and says what it cannot know', async () => {
    const { code, stdout, stderr } = await check(...ofFile)
    assert.deepEqual([code, stdout], [0, 'nothing found\n'])
    assert.match(stderr, /^kysely-lookup: not checked: cached tables without any trigger: [^\n]+\n$/)
    const flags = ['--immutable', 'city', '--versioned', 'country,currency', '--versioned', 'language']
    assert.deepEqual(await check(...ofFile, ...flags), { code: 0, stdout: 'nothing found\n', stderr: '' })
  })

  it('says that no generated file was compared where there is none', async () => {
    const elsewhere = (...args: string[]) => {
      const given = ['check', '--repositories', '../src/db.ts', ...ofFile, ...args]
      return runCommandLine({
        args: given,
        env: { DATABASE_URL: data.test.url },
        cwd: join(folder, 'js-migrations'),
      })
    }
    assert.deepEqual(await elsewhere(), {
      code: 0,
      stdout: 'nothing found, but the generated file was not compared\n',
      stderr:
        'kysely-lookup: not checked: the generated file: src/schema.ts does not exist; name it by --out-file\n',
    })
    const { skipped } = JSON.parse((await elsewhere('--json')).stdout)
    assert.deepEqual(
      skipped.map(({ what }: { what: string }) => what),
      ['the generated file'],
    )
    const named = await elsewhere('--out-file', '../src/schema.ts')
    assert.deepEqual(named, { code: 0, stdout: 'nothing found\n', stderr: '' })
  })

  it('does not call a file stale to a user who may not read its tables', async () => {
    await using reader = await databaseUser(
      { ...data, run: (...more) => runStatements(data.test.url, ...more) },
      'insert',
    )
    const user = new URL(reader.url).username
    await runStatements(
      data.test.url,
      `grant select (code) on ${data.test.name}.country to '${user}'@'%'`,
      `revoke insert on ${data.test.name}.* from '${user}'@'%'`,
    )
    const { code, stdout, stderr } = await check('--url', reader.url, ...ofFile)
    assert.equal(code, 1)
    assert.match(stdout, /^(missing-right [^\n]+\n)+$/)
    assert.match(stderr, /not checked: the generated file: the user may not read all of its tables; [^\n]+\n/)
  })

  it('prints each finding as a line with its code, its table and the fix; --json has the same', async (t) => {
    await data.run('drop trigger lookup_version_insert_country', 'drop trigger lookup_frozen_update_city')
    t.after(async () => {
      const { freeze, trackVersion } = await import('../../src/migration/index.ts')
      await trackVersion(data.db, 'country')
      await freeze(data.db, 'city')
    })
    const lines = await check(...ofService)
    assert.equal(lines.code, 1)
    assert.deepEqual(lines.stdout.split('\n'), [
      'not-frozen city: the trigger lookup_frozen_update_city is missing, so that rows can change. Call freeze(db, "city") of kysely-lookup/migration in a migration.',
      'not-tracked country: the trigger lookup_version_insert_country is missing, so that changes go unnoticed. Call trackVersion(db, "country") of kysely-lookup/migration in a migration.',
      '',
    ])
    const { code, stdout } = await check(...ofService, '--json', '--ignore', 'not-frozen')
    assert.equal(code, 1)
    assert.deepEqual(JSON.parse(stdout).findings, [
      {
        code: 'not-tracked',
        table: 'country',
        message: 'the trigger lookup_version_insert_country is missing, so that changes go unnoticed',
        fix: 'Call trackVersion(db, "country") of kysely-lookup/migration in a migration.',
      },
    ])
    const ignored = await check(...ofService, '--ignore', 'not-frozen:city', '--ignore', 'not-tracked')
    assert.deepEqual(ignored, { code: 0, stdout: 'nothing found\n', stderr: '' })
    // What is there shows what was meant.
    assert.equal((await check(...ofFile)).code, 1)
    assert.equal((await check(...ofFile, '--immutable', 'city')).stdout, `${lines.stdout.split('\n')[0]}\n`)
  })

  it('finds a stale generated file by the flags that made it', async (t) => {
    await data.run('alter table country add area int')
    t.after(() => data.run('alter table country drop area'))
    const { code, stdout } = await check(...ofService)
    assert.equal(code, 1)
    assert.match(
      stdout,
      /^stale-file: src\/schema\.ts is not what would be generated now, from "area: number \| null" on\. Run kysely-lookup generate --out-file src\/schema\.ts, [^\n]+\n$/,
    )
    // A table that the file's patterns leave out is no matter.
    await data.run('alter table country drop area', 'create table unrelated (id int primary key)')
    assert.equal((await check(...ofService)).code, 0)
    await data.run('alter table country add area int', 'drop table unrelated')
  })

  it('finds migrations that have not run, and unknown ones', async (t) => {
    await data.run("update kysely_migration set name = '0009_later' where name = '0008_versions'")
    t.after(() => data.run("update kysely_migration set name = '0008_versions' where name = '0009_later'"))
    const { code, stdout } = await check(...ofService)
    assert.equal(code, 1)
    assert.match(
      stdout,
      /^unapplied-migration: the migration 0008_versions of \S+ has not run in this database\. /,
    )
    assert.match(
      stdout,
      /\nunknown-migration: the migration 0009_later has run in this database and is not in /,
    )
    const js = await check('--repositories', 'src/db.ts', '--migrations', 'js-migrations')
    assert.match(js.stdout, /^unapplied-migration: the migration 0001_first of js-migrations has not run/)
    assert.doesNotMatch(js.stdout, /helper/)
  })

  it('finds what createRepositories and connections refuse', async () => {
    const wrong = await check('--repositories', 'src/wrong.ts')
    assert.equal(wrong.code, 1)
    assert.match(wrong.stdout, /^configuration: createRepositories: cache names "planet"[^\n]+\n$/)
    const refused = await check('--repositories', 'src/refused.ts')
    assert.equal(refused.code, 1)
    assert.match(
      refused.stdout,
      /^session: the session of transactions has isolation level READ-UNCOMMITTED, and reads in them are refused\. [^\n]+\n$/m,
    )
  })

  const cases: [name: string, args: readonly string[], stderr: RegExp][] = [
    ['an unknown flag', ['--imutable', 'city'], /Unknown option '--imutable'/],
    ['modes twice', [...ofService, '--immutable', 'city'], /--repositories says how tables are cached/],
    [
      'a table in both modes',
      ['--immutable', 'city', '--versioned', 'city'],
      /city is named by --immutable and/,
    ],
    ['an unknown table', ['--immutable', 'planet'], /src\/schema\.ts has no table planet/],
    ['an unknown code', ['--ignore', 'stale'], /there is no such code; they are altered-trigger/],
    ['a number that is none', ['--connections', 'many'], /--connections is a positive integer/],
    ['no generated file', ['--out-file', 'none.ts'], /none\.ts does not exist\. Name the generated file/],
    ['a file of another kind', ['--out-file', 'src/by-hand.ts'], /was not generated by kysely-lookup/],
    ['no migrations there', ['--migrations', 'none'], /the migrations in none cannot be read/],
    [
      'a module without repositories',
      ['--repositories', 'src/nothing.ts'],
      /exports nothing that createRepositories made/,
    ],
    [
      'a module with several',
      ['--repositories', 'src/several.ts'],
      /several repositories \(others, repos\)\. Say which: /,
    ],
    [
      'a name that is not exported',
      ['--repositories', 'src/db.ts#other'],
      /exports no repositories as other/,
    ],
    [
      'a module that cannot be loaded',
      ['--repositories', 'src/broken.ts'],
      /src\/broken\.ts cannot be loaded: /,
    ],
    ['a server that is away', ['--url', 'mysql://root@127.0.0.1:1/x'], /cannot connect to 127\.0\.0\.1:1/],
    ['another database', [...ofService, '--url', 'env(OTHER)'], /the repositories read lookup_test_/],
  ]
  describe('says in one line why it cannot run:', { concurrency: 2 }, () => {
    for (const [name, args, stderr] of cases) {
      it(name, async () => {
        const other = new URL(data.test.url)
        other.pathname = '/mysql'
        const env = { DATABASE_URL: data.test.url, OTHER: other.href }
        const outcome = await runCommandLine({ args: ['check', ...args], env, cwd: folder })
        assert.match(outcome.stderr, stderr)
        assert.match(outcome.stderr, /^kysely-lookup: [^\n]+\n$/)
        assert.deepEqual([outcome.code, outcome.stdout], [2, ''])
      })
    }
  })

  it('loads a module that Node cannot load, as kysely-ctl does', async () => {
    // All of the library's sources are compiled for it.
    const module = ['--repositories', 'src/extensionless.ts', '--timeout', '300']
    const loaded = await check(...module, ...ofFile)
    assert.deepEqual(loaded, { code: 0, stdout: 'nothing found\n', stderr: '' })
    const crowded = await check(...module, '--connections', '999999')
    assert.match(crowded.stdout, /^prepared-statements: /)
  })

  it('chooses one of several sets of repositories by its name', async () => {
    const chosen = await check('--repositories', 'src/several.ts#repos', ...ofFile)
    assert.deepEqual(chosen, { code: 0, stdout: 'nothing found\n', stderr: '' })
  })

  it('has documentation and a test for every code', async () => {
    const page = await readFile('docs/check.md', 'utf8')
    const files = globSync('test/{check,cli,codegen}/*.test.ts')
    const tests = (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('')
    for (const code of findingCodes) {
      assert.ok(page.includes(`| \`${code}\` |`), `docs/check.md says nothing of ${code}`)
      assert.match(tests, new RegExp(`['^/n]${code}[' :]`), `no test plants ${code}`)
    }
  })
})
