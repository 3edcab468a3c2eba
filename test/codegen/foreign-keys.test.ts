import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Kysely } from 'kysely'
import { checkSourceFile } from '../../src/cli/check-file.ts'
import { requestIn } from '../../src/cli/generate-request.ts'
import { generatedSource } from '../../src/cli/generated-source.ts'
import { createDatabase, createRepositories, type TablesMetadata } from '../../src/index.ts'
import { databaseUser } from '../support/database-user.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'
import { createTypeScriptFolder, type TypeScriptFolder } from '../support/typescript-folder.ts'

const run = promisify(execFile)

const TABLES = [
  'create table region (id int primary key, parent_id int, foreign key (parent_id) references region (id))',
  `create table tax_rate (country_code char(2) character set ascii, rate_code varchar(9) character set ascii,
    short_name varchar(9) character set ascii not null unique, primary key (country_code, rate_code))`,
  `create table invoice (id int primary key, region_id int not null, country_code char(2) character set ascii,
    rate_code varchar(9) character set ascii, rate_name varchar(9) character set ascii, \`__proto__\` int, twice int,
    constraint invoice_rate foreign key (country_code, rate_code) references tax_rate (country_code, rate_code),
    constraint invoice_region foreign key (region_id) references region (id),
    constraint invoice_region_again foreign key (region_id) references region (id),
    constraint invoice_short foreign key (rate_name) references tax_rate (short_name),
    constraint invoice_proto foreign key (\`__proto__\`) references region (id),
    constraint twice_region foreign key (twice) references region (id),
    constraint twice_invoice foreign key (twice) references invoice (id))`,
]

describe('foreign keys in the generated file', () => {
  let database: TestDatabase
  let elsewhere: TestDatabase
  let db: Kysely<unknown>
  let folder: TypeScriptFolder

  const generate = (...args: string[]) => generatedSource({ db, request: requestIn(args) })
  async function tablesOf(name: string, source: string): Promise<TablesMetadata> {
    await folder.write({ [name]: source })
    return (await import(pathToFileURL(folder.join(name)).href)).tables
  }

  before(async () => {
    database = await createTestDatabase()
    elsewhere = await createTestDatabase()
    await runStatements(elsewhere.url, 'create table region (id int primary key)')
    await runStatements(database.url, ...TABLES)
    db = createDatabase({ uri: database.url })
    folder = await createTypeScriptFolder('foreign-keys')
  })
  after(async () => {
    await db.destroy()
    await database.drop()
    await elsewhere.drop()
    await folder[Symbol.asyncDispose]()
  })

  it('are named after their column, or after the constraint where that says more', async () => {
    const { source, notices } = await generate()
    const { region, invoice, tax_rate } = await tablesOf('plain.ts', source)
    const toRegion = { targetTable: 'region', targetColumns: ['id'] }
    assert.deepEqual(region?.foreignKeys, { parent_id: { columns: ['parent_id'], ...toRegion } })
    const keys = new Map(Object.entries(invoice?.foreignKeys ?? {}))
    assert.deepEqual(
      keys,
      new Map([
        ['__proto__', { columns: ['__proto__'], ...toRegion }],
        [
          'invoice_rate',
          {
            columns: ['country_code', 'rate_code'],
            targetTable: 'tax_rate',
            targetColumns: ['country_code', 'rate_code'],
          },
        ],
        ['rate_name', { columns: ['rate_name'], targetTable: 'tax_rate', targetColumns: ['short_name'] }],
        ['region_id', { columns: ['region_id'], ...toRegion }],
        ['twice_invoice', { columns: ['twice'], targetTable: 'invoice', targetColumns: ['id'] }],
        ['twice_region', { columns: ['twice'], ...toRegion }],
      ]),
    )
    assert.deepEqual([...keys.keys()], [...keys.keys()].sort(), 'in a stable order')
    assert.equal(tax_rate && 'foreignKeys' in tax_rate, false, 'absent if there are none')
    assert.deepEqual(notices, [])
    createRepositories({ db, tables: { region: region!, invoice: invoice!, tax_rate: tax_rate! } })
  })

  it('compile as they are typed, and are left unchanged by a formatter', async () => {
    const { source } = await generate()
    await folder.write({
      'schema.ts': source,
      'use.ts': USE,
      'biome.json': JSON.stringify({
        formatter: { indentStyle: 'space', lineWidth: 110 },
        javascript: { formatter: { semicolons: 'asNeeded', quoteStyle: 'single' } },
      }),
    })
    await folder.typeCheck()
    await run(resolve('node_modules/.bin/biome'), ['format', 'schema.ts'], { cwd: folder.path })
  })

  it('have the names that CamelCasePlugin gives; constraints keep theirs', async () => {
    const { source } = await generate('--camel-case')
    const { invoice } = await tablesOf('camel.ts', source)
    assert.deepEqual(invoice?.foreignKeys?.invoice_rate, {
      columns: ['countryCode', 'rateCode'],
      targetTable: 'taxRate',
      targetColumns: ['countryCode', 'rateCode'],
    })
    assert.deepEqual(invoice?.foreignKeys?.rateName, {
      columns: ['rateName'],
      targetTable: 'taxRate',
      targetColumns: ['shortName'],
    })
  })

  it('are seen by a user who may only read', async () => {
    const data = {
      test: database,
      run: (...statements: readonly string[]) => runStatements(database.url, ...statements),
    }
    await using reader = await databaseUser(data, 'select')
    const other = reader.db as unknown as Kysely<unknown>
    assert.equal(
      (await generatedSource({ db: other, request: requestIn([]) })).source,
      (await generate()).source,
    )
  })

  it('are left out, with the reason, if lookups cannot follow them', async (t) => {
    await runStatements(
      database.url,
      ...(database.system === 'mysql' ? ['set restrict_fk_on_non_standard_key = off'] : []),
      'create table target (id int primary key, pair int, other int, flag tinyint(1) unique, e enum("a", "b") unique, key (pair), unique key (other, pair))',
      'create table keyless (id int unique)',
      `create table referring (id int primary key, far int, keyless int, part int, flag tinyint(1), e enum('b', 'a'),
        target int, composite int, more int, hidden int,
        constraint a_far foreign key (far) references ${elsewhere.name}.region (id),
        constraint b_keyless foreign key (keyless) references keyless (id),
        constraint c_part foreign key (part) references target (pair),
        constraint d_enum foreign key (e) references target (e),
        constraint e_flag foreign key (flag) references target (flag),
        constraint target foreign key (composite, more) references target (other, pair),
        constraint f_target foreign key (target) references target (id),
        constraint g_hidden foreign key (hidden) references region (id))`,
    )
    t.after(() => runStatements(database.url, 'drop table referring', 'drop table target, keyless'))
    const { source, notices } = await generate('--tinyint1', 'boolean', '--exclude-pattern', 'region')
    const { referring } = await tablesOf('left-out.ts', source)
    assert.deepEqual(Object.keys(referring?.foreignKeys ?? {}), ['target'])
    assert.deepEqual(referring?.foreignKeys?.target?.columns, ['target'])
    const left = (name: string, reason: string) => `referring: foreign key ${name} is left out: ${reason}`
    assert.deepEqual(
      notices.filter((notice) => notice.startsWith('referring: ')),
      [
        left('a_far', `it refers to another database, ${elsewhere.name}`),
        left('b_keyless', 'it refers to keyless, which is not in tables'),
        left('c_part', 'it refers to target (pair), which is no unique key that lookups can use'),
        left('d_enum', 'its column has other members than the one that it refers to'),
        left('e_flag', 'its column is read as a boolean, which does not tell 1 from 2'),
        left('g_hidden', 'it refers to region, which is not in tables'),
        left('target', 'findReferenced calls another foreign key of the table by this name'),
      ],
    )
    const { source: numbers } = await generate()
    const withNumbers = await tablesOf('numbers.ts', numbers)
    assert.deepEqual(withNumbers.referring?.foreignKeys?.flag?.columns, ['flag'])
  })

  it('make the file stale when they are dropped, but no table of a service', async (t) => {
    await folder.write({ 'before.ts': (await generate()).source })
    const tables = await tablesOf('verified.ts', (await generate()).source)
    const file = folder.join('before.ts')
    const check = async () =>
      (await checkSourceFile({ file, optional: false, owner: db, naming: db })).findings
    assert.deepEqual(await check(), [])
    await runStatements(database.url, 'alter table invoice drop foreign key invoice_short')
    t.after(() =>
      runStatements(
        database.url,
        'alter table invoice add constraint invoice_short foreign key (rate_name) references tax_rate (short_name)',
      ),
    )
    const [finding, ...others] = await check()
    assert.deepEqual([finding?.code, others], ['stale-file', []])
    assert.match(finding?.fix ?? '', /^Run kysely-lookup generate /)
    await createRepositories({ db, tables }).$ready()
  })
})

const USE = `
/// <reference types="node" />
import { createDatabase, createRepositories } from 'kysely-lookup'
import { type DB, tables } from './schema.ts'

const repos = createRepositories({ db: createDatabase<DB>({ uri: 'mysql://localhost/x' }), tables })
const invoice = await repos.invoice.findByKeyOrThrow(1)
export const rate: string | undefined = (await repos.invoice.findReferenced(invoice, 'invoice_rate'))?.short_name
export const named: string = (await repos.invoice.findReferencedOrThrow(invoice, 'rate_name')).rate_code
export const region: number = (await repos.invoice.findReferencedOrThrow({ region_id: 1 }, 'region_id')).id
export const proto: number = (await repos.invoice.findReferencedOrThrow(invoice, '__proto__')).id
// @ts-expect-error of two keys of one column, neither has its name
repos.invoice.findReferenced(invoice, 'twice')
`
