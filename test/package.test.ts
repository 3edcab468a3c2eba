import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { expectCommand, runCommand } from './support/package/command.ts'
import { type Consumer, createConsumer, filesBelow } from './support/package/consumer.ts'
import { createTestDatabase, runStatements, type TestDatabase } from './support/server.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const kysely = fileURLToPath(new URL('bin.mjs', import.meta.resolve('kysely-ctl')))

const ROWS = [
  `insert into country values
    ('FR', 'FRA', '250', 'France', 'France', 'Paris', 'EU', '33'),
    ('DE', 'DEU', '276', 'Germany', 'Deutschland', 'Berlin', 'EU', '49')`,
  `insert into city values
    (2988507, 'Paris', 'FR', '11', 'PPLC', 2138551, 48.85341, 2.34880),
    (2996944, 'Lyon', 'FR', '84', 'PPLA', 522969, 45.74846, 4.84671)`,
  "insert into currency values ('EUR', '978', 2, 'Euro', null, '€')",
  "insert into country_currency values ('FR', 'EUR', 1), ('DE', 'EUR', 1)",
]

const PROGRAM = `
import { createDatabase, createRepositories, type RowOf } from 'kysely-lookup'
import { type DB, tables } from './schema.ts'

const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })
const repos = createRepositories({ db, tables, cache: { city: 'immutable' } })

const found = await repos.$request(async () => {
  const france: RowOf<DB, 'country'> | undefined = await repos.country.findByKey('fr')
  const sameRow = (await repos.country.findByKey({ alpha3: 'FRA' })) === france
  const pair = await repos.country_currency.findByKeyOrThrow({ country_code: 'FR', currency_code: 'EUR' })
  const cities = await repos.city.findByKeys([2988507, 1, 2996944])
  const european = await repos.country.findAllBy({ continent: 'EU' })
  return {
    france: france?.name,
    sameRow,
    position: pair.position,
    cities: cities.map((city) => city?.name ?? null),
    latitude: cities[0]?.latitude,
    european: european.map(({ code }) => code),
    peeked: repos.city.peek(2996944)?.name,
  }
})
console.log(JSON.stringify(found))
await repos.$close()
await db.destroy()
`

const WRONG_KEY = `
import { createDatabase, createRepositories } from 'kysely-lookup'
import { type DB, tables } from './schema.ts'

const repos = createRepositories({ db: createDatabase<DB>({ uri: process.env.DATABASE_URL }), tables })
await repos.city.findByKey('Paris')
`

// Prints what a program resolves: who asked, for what, and what it was.
const RECORDER = `
import { writeSync } from 'node:fs'
import { registerHooks } from 'node:module'

const imports = []
registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    imports.push({ by: context.parentURL, specifier, url: resolved.url })
    return resolved
  },
})
process.on('exit', () => writeSync(1, JSON.stringify(imports)))
`

interface Import {
  readonly by?: string
  readonly specifier: string
  readonly url: string
}

suite('the package, installed in an empty TypeScript project', () => {
  let consumer: Consumer
  let database: TestDatabase

  const inProject = (program: string, ...args: string[]) =>
    runCommand({ program, args, cwd: consumer.folder, env: { DATABASE_URL: database.url } })

  before(async () => {
    database = await createTestDatabase()
    consumer = await createConsumer()
    await expectCommand({
      program: process.execPath,
      args: [kysely, 'migrate:latest', '--no-outdated-check'],
      cwd: root,
      env: { DATABASE_URL: database.url },
    })
    await runStatements(database.url, ...ROWS)
    await mkdir(join(consumer.folder, 'src'))
  })
  after(async () => {
    await consumer?.[Symbol.asyncDispose]()
    await database?.drop()
  })

  test('holds what was built from src, the manifest and three texts, and nothing else', async () => {
    const sources = await filesBelow(join(root, 'src'))
    assert.ok(sources.every((name) => name.endsWith('.ts')))
    const built = sources.flatMap((name) =>
      ['.d.ts', '.js'].map((ending) => `dist/${name.slice(0, -3)}${ending}`),
    )
    const texts = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
    assert.deepEqual(consumer.packageFiles, [...texts, ...built].sort())
  })

  test('generates, type-checks and finds rows by key; a wrong key does not compile', async () => {
    const generated = await inProject(
      consumer.command('kysely-lookup'),
      ...['generate', '--url', database.url, '--out-file', 'src/schema.ts'],
    )
    assert.deepEqual(generated, { code: 0, output: 'src/schema.ts written\n', errors: '' })

    await consumer.write('src/program.ts', PROGRAM)
    const checked = await inProject(consumer.command('tsc'))
    assert.deepEqual(checked, { code: 0, output: '', errors: '' })

    const ran = await inProject(process.execPath, 'src/program.ts')
    assert.equal(ran.errors, '')
    assert.deepEqual(JSON.parse(ran.output), {
      france: 'France',
      sameRow: true,
      position: 1,
      cities: ['Paris', null, 'Lyon'],
      latitude: '48.85341',
      european: ['DE', 'FR'],
      peeked: 'Lyon',
    })

    await consumer.write('src/wrong-key.ts', WRONG_KEY)
    const refused = await inProject(consumer.command('tsc'), '--pretty', 'false')
    assert.notEqual(refused.code, 0)
    assert.match(refused.output, /^src\/wrong-key\.ts\(6,\d+\): error TS2345: .*'string'/)
    assert.equal(refused.output.match(/error TS/g)?.length, 1, refused.output)
  })

  test('loads kysely, mysql2, dataloader and what Node has, and neither the command line nor the generator', async () => {
    await consumer.write('recorder.mjs', RECORDER)
    const { code, output, errors } = await inProject(
      process.execPath,
      ...['--import', './recorder.mjs', '--input-type=module', '--eval', "import 'kysely-lookup'"],
    )
    assert.equal(code, 0, errors)
    const imports: Import[] = JSON.parse(output)

    const asked = imports.filter(({ by }) => by?.startsWith(consumer.packageUrl))
    const others = asked
      .map(({ specifier }) => specifier)
      .filter((specifier) => !/^\.{1,2}\//.test(specifier))
    const packages = new Set(others.filter((specifier) => !specifier.startsWith('node:')))
    assert.deepEqual([...packages].sort(), ['dataloader', 'kysely', 'mysql2'])

    const own = imports.filter(({ url }) => url.startsWith(consumer.packageUrl))
    const files = own.map(({ url }) => url.slice(consumer.packageUrl.length))
    assert.ok(files.includes('dist/index.js'), 'the record holds the entry itself')
    assert.deepEqual(
      files.filter((name) => !/^dist\/[a-z-]+\.js$/.test(name)),
      [],
      'only files of the main room',
    )
  })
})
