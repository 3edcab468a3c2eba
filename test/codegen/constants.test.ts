import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { checkSourceFile } from '../../src/cli/check-file.ts'
import { requestIn } from '../../src/cli/generate-request.ts'
import { generatedSource } from '../../src/cli/generated-source.ts'
import { createDatabase } from '../../src/index.ts'
import { type Outcome, runCommandLine } from '../support/command-line.ts'
import { refusal } from '../support/migration/migrating.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const run = promisify(execFile)

const TABLES = [
  `create table country (code char(2) character set ascii collate ascii_general_ci primary key,
    name varchar(20) character set utf8mb4 not null)`,
  "insert into country values ('FR', 'France'), ('DE', 'Germany'), ('JP', 'Japan')",
  `create table plan (id bigint unsigned primary key,
    slug varchar(20) character set utf8mb4 collate utf8mb4_bin null unique, level int null unique,
    tag varchar(20) character set utf8mb4, price decimal(9,2) unique)`,
  `insert into plan values (10, 'pro', -5, null, null), (9, '__proto__', 0, null, null), (11, null, 12, null, null),
    (12, 'it''s "é" 😀', null, null, null), (13, '004', null, null, null)`,
  // Its interface has the name that the constant of country.code would have.
  'create table country_code (id int primary key)',
  'create table many (id int primary key)',
  `insert into many with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) select i from n`,
]

const PROGRAM = `
import { createDatabase, createRepositories } from 'kysely-lookup'
import { CountryCode2, type DB, PlanSlug, tables } from './schema.ts'

const repos = createRepositories({ db: createDatabase<DB>({ uri: 'mysql://localhost/x' }), tables })
export const france: Promise<{ readonly name: string }> = repos.country.findByKey('FR')
export const germany: Promise<{ readonly name: string }> = repos.country.findByKey(CountryCode2.DE)
export const pro: Promise<{ readonly id: bigint }> = repos.plan.findByKey({ slug: PlanSlug.pro })
export const ninth: Promise<{ readonly slug: string | null }> = repos.plan.findByKey(9n)
export const code: CountryCode2 = Math.random() > 0.5 ? 'FR' : 'JP'
export const either: Promise<{ readonly name: string }> = repos.country.findByKey(code)
declare const text: string
// @ts-expect-error a string may be no country
export const some: Promise<{ readonly name: string }> = repos.country.findByKey(text)
// @ts-expect-error no such country
repos.country.findByKey('XX')
// @ts-expect-error no such plan
repos.plan.findByKey({ slug: 'prp' })
`

describe('generate --constants', () => {
  let database: TestDatabase
  let folder: string

  const command = (...args: string[]): Promise<Outcome> =>
    runCommandLine({ args, env: { DATABASE_URL: database.url }, cwd: folder })
  const constants = [
    '--constants',
    'country:code,plan:slug',
    '--constants',
    'plan:id',
    '--constants',
    'plan:level',
  ]

  before(async () => {
    database = await createTestDatabase()
    await runStatements(database.url, ...TABLES)
    folder = await mkdtemp(join(tmpdir(), 'constants-'))
    await mkdir(join(folder, 'src'))
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
    const generated = await command('generate', ...constants, '--bigint', 'bigint')
    assert.deepEqual(generated, { code: 0, stdout: 'src/schema.ts written\n', stderr: '' })
  })
  after(async () => {
    await database?.drop()
    await rm(folder, { recursive: true })
  })

  it('writes the keys of each table and column in a stable order, including those that are special in JavaScript', async () => {
    const schema = await import(pathToFileURL(join(folder, 'src/schema.ts')).href)
    assert.deepEqual(Object.values(schema.CountryCode2), ['DE', 'FR', 'JP'])
    assert.deepEqual(Object.values(schema.PlanSlug).sort(), ['004', '__proto__', `it's "é" 😀`, 'pro'])
    assert.equal(Object.getPrototypeOf(schema.PlanSlug), Object.prototype)
    assert.deepEqual(Object.values(schema.PlanId), [9n, 10n, 11n, 12n, 13n])
    assert.deepEqual(Object.values(schema.PlanLevel), [0, 12, -5])
    assert.equal(schema.tables.country.constants.code, schema.CountryCode2)
    assert.deepEqual(Object.keys(schema.tables.plan.constants), ['slug', 'id', 'level'])
    const source = await readFile(join(folder, 'src/schema.ts'), 'utf8')
    assert.equal(
      source.split('\n')[1],
      '// npx kysely-lookup generate --bigint bigint --constants country:code,plan:slug,plan:id,plan:level',
    )
    const configuration = {
      formatter: { indentStyle: 'space', lineWidth: 110 },
      javascript: { formatter: { semicolons: 'asNeeded', quoteStyle: 'single' } },
    }
    await writeFile(join(folder, 'biome.json'), JSON.stringify(configuration))
    await run(resolve('node_modules/.bin/biome'), ['format', 'src/schema.ts'], { cwd: folder })
  })

  it('types an existing key as defined; a missing one does not compile', async () => {
    await writeFile(join(folder, 'src/program.ts'), PROGRAM)
    const paths = { 'kysely-lookup': [resolve('src/index.ts')] }
    const options = { extends: resolve('tsconfig.json'), compilerOptions: { paths }, include: ['src/*.ts'] }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(options))
    await run(resolve('node_modules/.bin/tsc'), ['-p', folder]).catch((error) => assert.fail(error.stdout))
  })

  it('lets --verify and check find stale constants', async (t) => {
    const db = createDatabase<unknown>({ uri: database.url })
    t.after(() => db.destroy())
    const file = join(folder, 'src/schema.ts')
    const check = async () =>
      (await checkSourceFile({ file, optional: false, owner: db, naming: db })).findings
    assert.deepEqual(await check(), [])
    await runStatements(
      database.url,
      "insert into country values ('AQ', 'Antarctica')",
      "delete from country where code = 'JP'",
    )
    const verified = await command('generate', ...constants, '--bigint', 'bigint', '--verify')
    assert.equal(verified.code, 1)
    assert.match(verified.stdout, /\n\+ {2}AQ: 'AQ',\n/)
    assert.match(verified.stdout, /\n- {2}JP: 'JP',\n/)
    assert.deepEqual(await check(), [
      {
        code: 'stale-constants',
        table: 'country',
        message: `CountryCode2 in ${file} is not what the table's rows are now: 1 came, 1 are gone`,
        fix: `Run kysely-lookup generate --out-file ${file}, or fix the rows where a key should not have gone.`,
      },
    ])
    await runStatements(database.url, 'alter table country add area int')
    const codes = (await check()).map(({ code, table }) => [code, table])
    assert.deepEqual(codes, [
      ['stale-file', undefined],
      ['stale-constants', 'country'],
    ])
    await runStatements(database.url, 'alter table country drop area', 'delete from country')
    assert.deepEqual(await check(), [
      {
        code: 'stale-constants',
        message: `${file}: --constants country:code: country has no rows`,
        fix: 'Load them first.',
      },
    ])
    await runStatements(database.url, ...TABLES.slice(1, 2))
    assert.deepEqual(await check(), [])
  })

  it('accepts tables of up to 1,000 rows', async () => {
    const taken = await command('generate', '--constants', 'many:id', '--print')
    assert.equal(taken.stdout.match(/^ {2}'\d+': \d+,$/gm)?.length, 1_000)
    await runStatements(database.url, 'insert into many values (0)')
    const refused = await command('generate', '--constants', 'many:id', '--print')
    const reason =
      '--constants many:id: many has more than 1000 rows. Leave it out: constants are for small tables.'
    assert.deepEqual(refused, { code: 1, stdout: '', stderr: `kysely-lookup: ${reason}\n` })
  })

  it('uses the names that CamelCasePlugin gives', async (t) => {
    await runStatements(database.url, 'create table tax_rate (rate_code char(2) primary key)')
    t.after(() => runStatements(database.url, 'drop table tax_rate'))
    await runStatements(database.url, "insert into tax_rate values ('A1')")
    await using db = createDatabase<unknown>({ uri: database.url })
    const request = requestIn(['--camel-case', '--constants', 'tax_rate:rate_code'])
    const { source } = await generatedSource({ db, request })
    assert.match(source, /\nexport const TaxRateRateCode = \{\n {2}A1: 'A1',\n\} as const\n/)
    assert.match(source, /\n {4}constants: \{ rateCode: TaxRateRateCode \},\n/)
  })

  const refusals: [wanted: string, reason: RegExp][] = [
    [
      'country',
      /country: it does not name a table and a column\. Write table:column, for instance country:code\./,
    ],
    ['planet:id', /there is no table planet with a primary key/],
    ['country:iso', /country has no column iso/],
    ['plan:tag', /tag is neither the primary key of plan nor a unique key by itself/],
    ['plan:price', /price is DECIMAL, and constants are made of texts and integers/],
    ['country_code:id', /country_code has no rows/],
  ]
  for (const [wanted, reason] of refusals) {
    it(`refuses what cannot be constants: ${wanted}`, async () => {
      await using db = createDatabase<unknown>({ uri: database.url })
      await assert.rejects(
        generatedSource({ db, request: requestIn(['--constants', wanted]) }),
        refusal(reason),
      )
    })
  }
})
