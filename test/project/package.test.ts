import assert from 'node:assert/strict'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { expectCommand, runCommand } from '../support/package/command.ts'
import { type Consumer, createConsumer, filesBelow } from '../support/package/consumer.ts'
import { ENTRIES } from '../support/package/entries.ts'
import { loadedModules } from '../support/package/imports.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'))
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

/** What browsers load is no module of Node, and has no declarations. */
const BROWSER = 'page/browser/'

describe('the package, installed in an empty TypeScript project', () => {
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

  it('holds what was built from src, uPlot with its license, the manifest and three texts, and nothing else', async () => {
    const sources = await filesBelow(join(root, 'src'))
    const built = sources.flatMap((name) => {
      if (!name.startsWith(BROWSER)) {
        assert.ok(name.endsWith('.ts'), name)
        return ['.d.ts', '.js'].map((ending) => `dist/${name.slice(0, -3)}${ending}`)
      }
      if (name.endsWith('.json') || name.endsWith('.d.ts')) return []
      return `dist/${name.replace(/\.ts$/, '.js')}`
    })
    const uplot = ['uPlot.LICENSE.txt', 'uPlot.iife.min.js', 'uPlot.min.css']
    built.push(...uplot.map((name) => `dist/${BROWSER}${name}`))
    const texts = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']
    assert.deepEqual(consumer.packageFiles, [...texts, ...built].sort())
  })

  it('generates, type-checks and finds rows by key; a wrong key does not compile', async () => {
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
    assert.match(refused.output, /^src\/wrong-key\.ts\(6,\d+\): error TS2345: .*'"Paris"'/)
    assert.equal(refused.output.match(/error TS/g)?.length, 1, refused.output)
    await consumer.write('src/wrong-key.ts', '')
  })

  it('loads kysely.config.ts by Node where kysely-ctl is not installed, and says what loads the rest', async () => {
    const config = `import { createDatabase } from 'kysely-lookup'
      export default { kysely: () => createDatabase({ uri: process.env.DATABASE_URL }) }`
    const generate = () => inProject(consumer.command('kysely-lookup'), 'generate', '--print')
    await consumer.write('kysely.config.ts', config)
    assert.match((await generate()).output, /export interface City /)
    await consumer.write('kysely.config.ts', `import './recorder'\n${config}`)
    const { code, errors } = await generate()
    assert.match(errors, /^kysely-lookup: kysely\.config\.ts [^\n]+recorder[^\n]+ Install jiti, [^\n]+\n$/)
    assert.equal(code, 1)
    await rm(join(consumer.folder, 'kysely.config.ts'))
  })

  it('generates a file with bytes that compiles when a tsconfig names no types', async () => {
    await runStatements(database.url, 'create table photo (id binary(16) primary key, place point)')
    const generated = await inProject(
      consumer.command('kysely-lookup'),
      ...['generate', '--url', database.url, '--out-file', 'photo.ts', '--include-pattern', 'photo'],
    )
    assert.equal(generated.code, 0, generated.errors)
    const configuration = {
      extends: './tsconfig.json',
      compilerOptions: { types: [] },
      include: ['photo.ts'],
    }
    await consumer.write('tsconfig.photo.json', JSON.stringify(configuration))
    const checked = await inProject(consumer.command('tsc'), '--pretty', 'false', '-p', 'tsconfig.photo.json')
    assert.deepEqual(checked, { code: 0, output: '', errors: '' })
  })

  it('has declarations that compile for every subpath, without skipLibCheck', async () => {
    const lines = Object.keys(ENTRIES).map(
      (entry, index) => `export * as entry${index} from '${entry.replace(/^\./, 'kysely-lookup')}'\n`,
    )
    await consumer.write('src/entries.ts', lines.join(''))
    const checked = await inProject(consumer.command('tsc'), '--pretty', 'false')
    assert.deepEqual(checked, { code: 0, output: '', errors: '' })
  })

  it('has an entry in the table of entries for each of its subpaths', () => {
    const subpaths = Object.keys(manifest.exports).filter((subpath) => subpath !== './package.json')
    assert.deepEqual(Object.keys(ENTRIES).sort(), subpaths.sort())
  })

  for (const [entry, { packages, modules, rooms }] of Object.entries(ENTRIES)) {
    it(`loads for ${entry} the packages and rooms that the table says`, async (t) => {
      const loaded = await loadedModules(consumer, entry)
      t.diagnostic(
        `${entry} loads ${[...loaded.packages, ...loaded.files].join(' ')} and ${loaded.others} others`,
      )
      const start = manifest.exports[entry].default.replace('./', '')
      assert.ok(loaded.files.includes(start), `the record holds ${start} itself`)
      assert.deepEqual(loaded.packages, packages)
      assert.ok(loaded.others <= modules, `expected at most ${modules} files of others, got ${loaded.others}`)
      const found = loaded.files.map((name) => /^dist\/([^/]+)\//.exec(name)?.[1] ?? '')
      assert.deepEqual([...new Set(found)].sort(), rooms)
    })
  }
})
