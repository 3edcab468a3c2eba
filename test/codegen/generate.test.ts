import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { Kysely } from 'kysely'
import { generatedFile } from '../../src/codegen/generated-file.ts'
import type { DecodingOptions } from '../../src/columns/decoding-options.ts'
import { createDatabase } from '../../src/database/create-database.ts'
import type { TablesMetadata } from '../../src/metadata.ts'
import { readSchema, type Schema } from '../../src/schema/read-schema.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'
import { createTypeScriptFolder, type TypeScriptFolder } from '../support/typescript-folder.ts'

const run = promisify(execFile)

/** Names that break generators: of JavaScript, of TypeScript, of the generated file itself, and of SQL. */
const HOSTILE = [
  '$request',
  '1st',
  'Buffer',
  '__proto__',
  'a b',
  'a-b',
  'a_b',
  'a`b',
  `a'b"c`,
  'column_type',
  'constructor',
  'd_b',
  'date',
  'größe',
  'json_value',
  'select',
  'tables_metadata',
  'then',
  'toJSON',
  '日本',
]

const quoted = (name: string) => `\`${name.replaceAll('`', '``')}\``
const members = Array.from({ length: 12 }, (_, index) => `'a rather long member ${index}'`).join(', ')

const ALL_TYPES = `
  id int unsigned auto_increment primary key, t tinyint, flag boolean, sm smallint, me mediumint, bi bigint,
  bu bigint unsigned, de decimal(10,2), fl float, dou double, bits bit(5), ye year, da date, ti time(2),
  d0 datetime, d3 datetime(3), d6 datetime(6), ts timestamp null default current_timestamp, ch char(3), va varchar(9),
  te text, en enum('a', 'it''s'), se set('x', 'y'), bin binary(4), vb varbinary(9), bl blob, js json, po point`

describe('the generated file', () => {
  let database: TestDatabase
  let db: Kysely<unknown>
  let schema: Schema
  let folder: TypeScriptFolder

  before(async () => {
    database = await createTestDatabase()
    await runStatements(
      database.url,
      `create table every_type (${ALL_TYPES}) character set utf8mb4 collate utf8mb4_bin`,
      ...HOSTILE.map(
        (name) => `create table ${quoted(name)} (
          id int auto_increment primary key, ${quoted(name)} int not null, at datetime, doc json, bytes blob,
          unique key ${quoted(name)} (${quoted(name)}))`,
      ),
      `create table long_enum (id int primary key, plain enum(${members}) not null,
        with_default enum(${members}) default 'a rather long member 3') character set utf8mb4 collate utf8mb4_bin`,
      'create table long_names (id int primary key, ' +
        `${'n'.repeat(64)} timestamp(3) null default current_timestamp(3), unique key ${'u'.repeat(64)} (${'n'.repeat(64)}, id))`,
      'create table zero_dates (id int primary key, at datetime not null)',
      'create table no_key (a int, b int generated always as (a + 1) stored)',
      'create view looked_at as select id, en from every_type',
    )
    db = createDatabase({ uri: database.url })
    schema = await readSchema(db)
    folder = await createTypeScriptFolder('generate')
  })

  after(async () => {
    await db.destroy()
    await database.drop()
    await folder[Symbol.asyncDispose]()
  })

  it('is the same to the byte on every server and every time', async (t) => {
    t.assert.fileSnapshot(generatedFile(schema.tables), resolve('test/codegen/generate.golden.txt'), {
      serializers: [String],
    })
    assert.equal(generatedFile((await readSchema(db)).tables), generatedFile(schema.tables))
  })

  it('is left unchanged by a formatter', async () => {
    const cwd = folder.join('formatted')
    await mkdir(cwd)
    await writeFile(join(cwd, 'schema.ts'), generatedFile(schema.tables))
    const configuration = {
      formatter: { indentStyle: 'space', lineWidth: 110 },
      javascript: { formatter: { semicolons: 'asNeeded', quoteStyle: 'single' } },
    }
    await writeFile(join(cwd, 'biome.json'), JSON.stringify(configuration))
    await run(resolve('node_modules/.bin/biome'), ['format', 'schema.ts'], { cwd })
  })

  it('holds every table under its own name at run time, __proto__ included', async () => {
    const tables = await load('runtime.ts', {})
    const usable = ['every_type', 'long_enum', 'long_names', 'zero_dates', ...HOSTILE]
    assert.deepEqual(Object.keys(tables).toSorted(), usable.toSorted())
    assert.equal(Object.getPrototypeOf(tables), Object.prototype)
    for (const name of HOSTILE) {
      const table = Object.getOwnPropertyDescriptor(tables, name)?.value
      assert.equal(table.name, name)
      assert.deepEqual(table.uniqueKeys, [{ name, columns: [name] }])
    }
    const described = schema.tables.filter(({ unsupported }) => !unsupported).map(({ metadata }) => metadata)
    assert.deepEqual(Object.values(tables), described)
  })

  it('type-checks, with the types that Kysely users expect', async () => {
    const options = { bigint: 'bigint', tinyint1: 'boolean', zeroDates: 'null' } as const
    await folder.write({
      'schema.ts': generatedFile(schema.tables),
      'options.ts': generatedFile(schema.tables, options),
      'use.ts': USE,
    })
    await folder.typeCheck()
  })

  it('says how values are read when that is not the default', async () => {
    const { every_type } = await load('reading.ts', {
      bigint: 'string',
      tinyint1: 'boolean',
      zeroDates: 'null',
    })
    const said = (every_type?.columns ?? []).flatMap(({ name, as, zeroDates }) =>
      as || zeroDates ? [[name, as ?? zeroDates]] : [],
    )
    assert.deepEqual(said, [
      ['flag', 'boolean'],
      ['bi', 'string'],
      ['bu', 'string'],
      ['d0', 'null'],
      ['d3', 'null'],
      ['ts', 'null'],
    ])
    const source = generatedFile(schema.tables, { bigint: 'string', tinyint1: 'boolean', zeroDates: 'null' })
    assert.match(source, /generate --bigint string --tinyint1 boolean --zero-dates null\n/)
  })

  async function load(name: string, options: DecodingOptions): Promise<TablesMetadata> {
    await folder.write({ [name]: generatedFile(schema.tables, options) })
    const { tables } = await import(pathToFileURL(folder.join(name)).href)
    return tables
  }
})

const USE = `
import type { Insertable, Selectable, Updateable } from 'kysely'
import { type DB, type JsonValue, tables } from './schema.ts'
import type { DB as WithOptions } from './options.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
function same<A, B>(_: Same<A, B>): void {}

type Row = Selectable<DB['every_type']>
same<Row['id'], number>(true)
same<Row['bu'], number | null>(true)
same<Row['de'], string | null>(true)
same<Row['da'], string | null>(true)
same<Row['d3'], Date | null>(true)
same<Row['d6'], string | null>(true)
same<Row['en'], 'a' | "it's" | null>(true)
same<Row['bits'], Buffer | null>(true)
same<Row['js'], JsonValue | null>(true)
same<Selectable<WithOptions['every_type']>['bu'], bigint | null>(true)
same<Selectable<WithOptions['every_type']>['flag'], boolean | null>(true)
same<Selectable<WithOptions['every_type']>['t'], number | null>(true)
same<Selectable<WithOptions['zero_dates']>['at'], Date | null>(true)
same<Insertable<WithOptions['zero_dates']>['at'], Date | string>(true)
same<Selectable<DB['zero_dates']>['at'], Date>(true)

// Tables called date, Buffer or json_value must not stand in for the types of that name.
same<Selectable<DB['date']>['at'], Date | null>(true)
same<Selectable<DB['Buffer']>['bytes'], Buffer | null>(true)
same<Selectable<DB['json_value']>['doc'], JsonValue | null>(true)
same<Selectable<DB['__proto__']>['__proto__'], number>(true)
same<Selectable<DB['constructor']>['constructor'], number>(true)
same<Selectable<DB['d_b']>['d_b'], number>(true)
same<Selectable<DB['looked_at']>['id'], number>(true)

export const insert: Insertable<DB['date']> = { date: 1, at: '2020-01-01' }
export const update: Updateable<DB['every_type']> = { de: 1.5, d6: new Date() }
// @ts-expect-error a generated column is not written
export const computed: Insertable<DB['no_key']> = { a: 1, b: 2 }
// @ts-expect-error neither view nor table without a key can be looked up in
export type NoKey = (typeof tables)['no_key']

same<(typeof tables)['__proto__']['uniqueKeys'][0]['columns'], readonly ['__proto__']>(true)
same<(typeof tables)['constructor']['primaryKey'], readonly ['id']>(true)
`
