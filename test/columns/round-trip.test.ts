import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import type { Kysely } from 'kysely'
import { columnTypeScript } from '../../src/codegen/database-interface.ts'
import { generatedTable } from '../../src/codegen/generated-table.ts'
import {
  type ColumnMetadata,
  createDatabase,
  createRepositories,
  type DecodingOptions,
  type TablesMetadata,
  UnrepresentableValueError,
} from '../../src/index.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { type ColumnType, columnTypesOf } from '../support/column-types.ts'
import type { AnyDB, AnyRepositories, AnyRow } from '../support/lookups.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'

const OPTIONS: readonly DecodingOptions[] = [
  {},
  { bigint: 'bigint', tinyint1: 'boolean', zeroDates: 'null' },
  { bigint: 'string' },
]

/** What the server itself says of a value, past every decoder. */
interface ServerText {
  readonly id: number
  readonly text: string | null
  readonly hex: string | null
  /** Of a FLOAT: its value as DOUBLE, which the server does not round. */
  readonly exact: string | null
}

const UNREPRESENTABLE = Symbol('unrepresentable')

describe('a round trip of every column type', () => {
  let test: TestDatabase
  let cases: {
    readonly table: string
    readonly tested: ColumnType
    readonly written: readonly ServerText[]
  }[]

  before(async () => {
    test = await createTestDatabase()
    const types = columnTypesOf(test)
    // Zero dates and INT(7) are taken, the one without strict mode, the other with a warning.
    await runStatements(
      test.url,
      "set sql_mode = ''",
      ...types.flatMap(({ type, values, key }, index) => [
        `create table t${index} (id int not null primary key, v ${type}${key === false ? '' : ', unique key (v)'})`,
        `insert into t${index} values ${[...values, 'null'].map((value, id) => `(${id}, ${value})`).join(', ')}`,
      ]),
    )
    cases = await Promise.all(
      types.map(async (tested, index) => {
        const table = `t${index}`
        const text = /^(geom|point|polygon)/.test(tested.type)
          ? 'st_astext(v)'
          : tested.type.startsWith('vector')
            ? `${test.system === 'mysql' ? 'vector_to_string' : 'vec_totext'}(v)`
            : 'cast(v as char)'
        const exact = tested.type === 'float' ? 'cast(cast(v as double) as char)' : 'null'
        const rows = await runStatements(
          test.url,
          `select id, ${text} text, hex(v) hex, ${exact} exact from ${table} order by id`,
        )
        return { table, tested, written: rows as unknown as readonly ServerText[] }
      }),
    )
  })
  after(() => test.drop())

  for (const options of OPTIONS) {
    it(`reads what the server says, typed as generated, in both protocols and in streams: ${JSON.stringify(options)}`, async () => {
      await using db = createDatabase<AnyDB>({ uri: test.url, ...options })
      const tables = await generated(db, options)
      const repos = createRepositories({ db, tables }) as unknown as AnyRepositories
      let compared = 0
      for (const { table, tested, written } of cases) {
        const column = tables[table]!.columns[1]!
        const repository = repos[table]!
        const rows = await Promise.all(
          written.map(({ id }) => repository.findByKey(id).catch((error: unknown) => error)),
        )
        for (const [index, said] of written.entries()) {
          const one = db.selectFrom(table).selectAll().where('id', '=', said.id)
          const found = {
            repository: rows[index],
            plain: await one.executeTakeFirst().catch((error: unknown) => error),
            stream: await firstOf(one.stream()).catch((error: unknown) => error),
          }
          for (const [way, result] of Object.entries(found)) {
            const context = `${tested.type} ${said.text} by ${way}`
            const wanted = expectedValue(column, said, { options, exact: way === 'repository' })
            if (wanted === UNREPRESENTABLE) {
              assert.ok(result instanceof UnrepresentableValueError, context)
              assert.doesNotMatch(result.message, /\d{5}|0000/)
              continue
            }
            if (result instanceof Error) throw new Error(context, { cause: result })
            const { v } = result as AnyRow
            if (wanted !== undefined) assert.deepStrictEqual(v, wanted, context)
            assert.ok(isOfType(v, column), `${context} is ${columnTypeScript(column).select}`)
            compared++
          }
        }
      }
      assert.ok(compared > 500, `${compared} compared`)
    })

    it(`finds a row again by its own values: ${JSON.stringify(options)}`, async () => {
      await using db = createDatabase<AnyDB>({ uri: test.url, ...options })
      const repos = createRepositories({
        db,
        tables: await generated(db, options),
      }) as unknown as AnyRepositories
      let asked = 0
      for (const { table, tested, written } of cases) {
        if (tested.key === false) continue
        for (const { id } of written) {
          const row = await repos[table]!.findByKey(id).catch(() => undefined)
          if (!row || row.v === null) continue
          const again = await repos[table]!.findByKey({ v: row.v })
          assert.equal(again?.id, id, `${tested.type} ${String(row.v)}`)
          asked++
        }
      }
      assert.ok(asked > 80, `${asked} asked`)
    })
  }

  for (const options of OPTIONS) {
    it(`a column is read the same beside others of its name: ${JSON.stringify(options)}`, async () => {
      await using db = createDatabase<AnyDB>({ uri: test.url, ...options })
      const read = async (query: { execute(): Promise<unknown> }) =>
        await query.execute().catch((error: Error) => String(error))
      let compared = 0
      for (const [index, { table, written }] of cases.entries()) {
        const alone = await read(db.selectFrom(table).selectAll().where('id', '=', written[0]!.id))
        for (const distance of [1, 5, 11, 23]) {
          const other = cases[(index + distance) % cases.length]!.table
          const beside = db
            .selectFrom([`${other} as other`, `${table} as own`])
            .selectAll('other' as never)
            .selectAll('own' as never)
            .where('own.id', '=', written[0]!.id)
            .where('other.id', '=', 0)
          assert.deepEqual(await read(beside), alone, `${table} beside ${other}`)
          compared++
        }
      }
      assert.equal(compared, 4 * cases.length)
    })
  }

  it('rejects only the call for a row whose value cannot be represented', async () => {
    const index = cases.findIndex(({ tested }) => tested.type === 'bigint')
    await using db = createDatabase<AnyDB>({ uri: test.url })
    const repos = createRepositories({ db, tables: await generated(db, {}) }) as unknown as AnyRepositories
    const repository = repos[`t${index}`]!
    const results = await Promise.allSettled(cases[index]!.written.map(({ id }) => repository.findByKey(id)))
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected', 'rejected', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
    )
    assert.equal(repos.$stats()[`t${index}`]?.statements, 1)
    await assert.rejects(db.selectFrom(`t${index}`).selectAll().execute(), UnrepresentableValueError)
  })

  it('keeps the last digit of a DOUBLE, in both protocols', async () => {
    const double = fc.double({ noNaN: true, noDefaultInfinity: true })
    const digits = fc
      .tuple(fc.integer({ min: 1, max: 2 ** 50 }), fc.integer({ min: 0, max: 15 }))
      .map(([mantissa, exponent]) => mantissa / 10 ** exponent)
    const numbers = fc
      .sample(fc.oneof(double, digits), 4_000)
      .map((value) => (Object.is(value, -0) ? 0 : value))
    await runStatements(
      test.url,
      'create table doubles (id int not null primary key, v double)',
      `insert into doubles values ${numbers.map((value, id) => `(${id}, ${value.toExponential()})`).join(', ')}`,
    )
    await using db = createDatabase<AnyDB>({ uri: test.url })
    const repos = createRepositories({ db, tables: await generated(db, {}) }) as unknown as AnyRepositories
    const plain = await db.selectFrom('doubles').selectAll().orderBy('id').execute()
    const streamed: AnyRow[] = []
    for await (const row of db.selectFrom('doubles').selectAll().orderBy('id').stream()) streamed.push(row)
    const rows = await repos.doubles!.findByKeys(numbers.map((_, id) => id))
    for (const read of [plain, streamed, rows]) {
      assert.deepEqual(
        read.map((row) => row?.v),
        numbers,
      )
    }
  })

  it('reads comparisons as 0 or 1 and counts like BIGINT, as Kysely types them', async () => {
    await using db = createDatabase<AnyDB>({ uri: test.url, bigint: 'bigint' })
    const row = await db
      .selectFrom('t0')
      .select((eb) => [
        eb('id', '=', 1).as('equal'),
        eb.exists(eb.selectFrom('t0').select('id')).as('some'),
        eb.fn.countAll<bigint>().as('count'),
      ])
      .groupBy('id')
      .orderBy('id')
      .executeTakeFirst()
    assert.deepEqual(row, { equal: 0, some: 1, count: 1n })
  })
})

/** The metadata as `generate` writes it under these options. */
async function generated(db: Kysely<AnyDB>, options: DecodingOptions): Promise<TablesMetadata> {
  const { tables } = await readSchema(db)
  return Object.fromEntries(
    tables.map((table) => generatedTable(table, options)).map(({ name, metadata }) => [name, metadata]),
  )
}

async function firstOf<T>(rows: AsyncIterable<T>): Promise<T | undefined> {
  let first: T | undefined
  for await (const row of rows) first ??= row
  return first
}

interface Reading {
  readonly options: DecodingOptions
  /** Of a FLOAT, whether the server sends it unrounded. */
  readonly exact: boolean
}

/** The value that the server's own text means; undefined where it has no single meaning in JavaScript. */
function expectedValue(column: ColumnMetadata, said: ServerText, { options, exact }: Reading): unknown {
  const { hex } = said
  if (hex === null) return null
  // Bytes may have no text.
  const text = said.text ?? ''
  switch (column.type) {
    case 'tinyint':
      return column.length === 1 && options.tinyint1 === 'boolean' ? text !== '0' : Number(text)
    case 'smallint':
    case 'mediumint':
    case 'int':
    case 'year':
    case 'double':
      return Number(text)
    case 'float':
      return Number(exact ? said.exact : text)
    case 'bigint':
      if (options.bigint === 'bigint') return BigInt(text)
      if (options.bigint === 'string') return String(BigInt(text))
      return Number.isSafeInteger(Number(text)) ? Number(text) : UNREPRESENTABLE
    case 'datetime':
    case 'timestamp':
      if ((column.precision ?? 0) > 3) return text
      if (/-00/.test(text)) return options.zeroDates === 'null' ? null : UNREPRESENTABLE
      return new Date(`${text.replace(' ', 'T')}Z`)
    case 'bit':
      return Buffer.from(hex.padStart(2 * Math.ceil((column.length ?? 1) / 8), '0'), 'hex')
    case 'json':
      return parsed(text)
    case 'vector':
      return JSON.parse(text)
    default:
      if (columnTypeScript(column).select.startsWith('Buffer')) return Buffer.from(hex, 'hex')
      return columnTypeScript(column).select === 'unknown' ? undefined : text
  }
}

/** Integers beyond 2^53 stay exact: as their digits. */
function parsed(json: string): unknown {
  return JSON.parse(json, ((_: string, value: unknown, { source = '' }: { source?: string } = {}) =>
    typeof value === 'number' && /^-?\d+$/.test(source) && !Number.isSafeInteger(value) ? source : value) as (
    key: string,
    value: unknown,
  ) => unknown)
}

/** Whether a value is a member of the union that is generated. */
function isOfType(value: unknown, column: ColumnMetadata): boolean {
  return columnTypeScript(column)
    .select.split(' | ')
    .some((type) => {
      switch (type) {
        case 'unknown':
        case 'JsonValue':
          return value !== undefined
        case 'null':
          return value === null
        case 'Date':
          return value instanceof Date && !Number.isNaN(value.getTime())
        case 'Buffer':
          return Buffer.isBuffer(value)
        case 'number[]':
          return Array.isArray(value) && value.every((one) => typeof one === 'number')
        case 'number':
        case 'bigint':
        case 'string':
        case 'boolean':
          return typeof value === type
        default:
          return typeof value === 'string' && [`'${value}'`, `"${value}"`].includes(type)
      }
    })
}
