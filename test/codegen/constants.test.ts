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
  `create table status (id int primary key, slug varchar(20) character set utf8mb4 collate utf8mb4_bin unique,
    kind enum('open', 'shut') not null, notes text)`,
  `insert into status values (3, 'paid', 'shut', 'a'), (1, 'to pay', 'open', 'b'), (2, '__proto__', 'open', 'c'),
    (-1, 'Paid', 'open', 'd')`,
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

const NAMED_PROGRAM = `
import { createDatabase, createRepositories } from 'kysely-lookup'
import { type DB, StatusId, tables } from './named.ts'

const repos = createRepositories({ db: createDatabase<DB>({ uri: 'mysql://localhost/x' }), tables })
export const paid: Promise<{ readonly slug: string | null }> = repos.status.findByKey(StatusId.paid)
export const third: Promise<{ readonly slug: string | null }> = repos.status.findByKey(3)
export const id: StatusId = StatusId['to pay']
// @ts-expect-error no such status
repos.status.findByKey(4)
// @ts-expect-error a name is no key
repos.status.findByKey('paid')
// @ts-expect-error no such name
StatusId.unpaid
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

  async function typeCheck(...include: readonly string[]): Promise<void> {
    const paths = { 'kysely-lookup': [resolve('src/index.ts')] }
    const options = { extends: resolve('tsconfig.json'), compilerOptions: { paths }, include }
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(options))
    await run(resolve('node_modules/.bin/tsc'), ['-p', folder]).catch((error) => assert.fail(error.stdout))
  }

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
    await typeCheck('src/program.ts')
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
        message: `CountryCode2 in ${file} is not what the table's rows are now: 1 added, 1 removed`,
        fix: `Run kysely-lookup generate --out-file ${file}, or restore the rows that should not have been removed.`,
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

  it('names keys by another column, in the order of the keys', async () => {
    const args = ['--constants', 'status:id=slug,country:code']
    const generated = await command('generate', ...args, '--out-file', 'src/named.ts')
    assert.deepEqual(generated, { code: 0, stdout: 'src/named.ts written\n', stderr: '' })
    const source = await readFile(join(folder, 'src/named.ts'), 'utf8')
    assert.equal(
      source.split('\n')[1],
      '// npx kysely-lookup generate --out-file src/named.ts --constants status:id=slug,country:code',
    )
    const members = "  Paid: -1,\n  'to pay': 1,\n  ['__proto__']: 2,\n  paid: 3,\n"
    assert.ok(
      source.includes(
        `/** The keys in status.id, named by slug, when this file was generated. */\nexport const StatusId = {\n${members}} as const\n`,
      ),
    )
    assert.match(source, /\n {4}constants: \{ id: StatusId \},\n/)
    await writeFile(join(folder, 'src/named-program.ts'), NAMED_PROGRAM)
    await typeCheck('src/named*.ts')
    const byInteger = await command('generate', '--constants', 'status:slug=id,status:id=notes', '--print')
    assert.match(byInteger.stdout, /\nexport const StatusSlug = \{\n {2}'-1': 'Paid',\n/)
    assert.match(byInteger.stdout, /\nexport const StatusId = \{\n {2}d: -1,\n/)
  })

  it('lets --verify and check find a name that has changed', async (t) => {
    await using db = createDatabase<unknown>({ uri: database.url })
    const file = join(folder, 'src/renamed.ts')
    const args = ['--constants', 'status:id=slug', '--out-file', 'src/renamed.ts']
    const check = async () =>
      (await checkSourceFile({ file, optional: false, owner: db, naming: db })).findings
    await command('generate', ...args)
    assert.deepEqual(await check(), [])
    await runStatements(database.url, "update status set slug = 'settled' where id = 3")
    t.after(() => runStatements(database.url, "update status set slug = 'paid' where id = 3"))
    const [finding, ...others] = await check()
    assert.deepEqual([finding?.code, finding?.table, others], ['stale-constants', 'status', []])
    assert.match(finding?.message ?? '', /^StatusId in .*: 1 added, 1 removed$/)
    const verified = await command('generate', ...args, '--verify')
    assert.deepEqual([verified.code, /\n\+ {2}settled: 3,\n/.test(verified.stdout)], [1, true])
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
      /country: it does not name a table and a column\. Write table:column, for instance country:code, or/,
    ],
    ['planet:id', /there is no table planet with a primary key/],
    ['country:iso', /country has no column iso/],
    ['plan:tag', /tag is neither the primary key of plan nor a unique key by itself/],
    ['plan:price', /price is DECIMAL, and constants are made of texts and integers/],
    ['country_code:id', /country_code has no rows/],
    ['country:code=', /country:code=: it does not name a table and a column/],
    ['country:code=iso', /country:code=iso: country has no column iso/],
    ['plan:id=price', /price is DECIMAL, and names are texts or integers/],
    ['plan:tag=slug', /tag is neither the primary key of plan/],
    [
      'plan:id=slug',
      /plan:id=slug: slug is NULL in a row of plan, which has no name then\. Name another column/,
    ],
    ['status:id=kind', /status:id=kind: several rows of status have the same kind\. Name another column/],
    ['status:id,status:id=slug', /status:id=slug: status:id is named twice\. Name it once\./],
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
