import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import mysql2 from 'mysql2'
import type { Statement } from '../../src/database/statement.ts'
import { type KeyDefinition, tableKeys } from '../../src/keys/key.ts'
import {
  columnName,
  keyCondition,
  keyStatement,
  loneStatement,
  type StatementOptions,
  tableStatement,
  unionStatement,
} from '../../src/loading/lookup-sql.ts'
import type { TableMetadata } from '../../src/metadata.ts'
import { createVersionTable } from '../../src/migration/index.ts'
import { type Lookups, lookups } from '../support/lookups.ts'
import { readStatementForms } from '../support/statement-forms.ts'

const FORMS = await readStatementForms()

/** One table with a key of every kind that is matched in a way of its own. */
const KINDS: Record<string, string> = {
  bytewise: 'varchar(20) character set utf8mb4 collate utf8mb4_bin',
  collated: 'varchar(20) character set utf8mb4 collate utf8mb4_unicode_520_ci',
  ascii: 'char(20) character set ascii collate ascii_general_ci',
  latin1: 'varchar(20) character set latin1 collate latin1_swedish_ci',
  integer: 'bigint unsigned',
  decimal: 'decimal(20,4)',
  day: 'date',
  moment: 'datetime(3)',
  clock: 'time(2)',
  annual: 'year',
  flags: 'bit(40)',
  bytes: 'varbinary(16)',
  choice: "enum('a','b','c')",
  choices: "set('a','b','c') character set utf8mb4 collate utf8mb4_general_ci",
  marks: "set('a','b','c') character set latin1",
}

/** How a statement asks: in how many selects, and whether its parameter is a list. */
interface Asked {
  readonly selects: number
  readonly json?: boolean
}

describe('the plan of a lookup', () => {
  let data: Lookups
  let table: TableMetadata

  before(async () => {
    const columns = Object.entries(KINDS).map(
      ([name, type]) => `\`${name}\` ${type} null, unique key by_${name} (\`${name}\`)`,
    )
    data = await lookups([
      `create table kind (id int not null primary key, ${columns.join(', ')},
        label varchar(20) character set ascii collate ascii_bin null, key by_label (label, \`integer\`),
        unique key by_pair (label, collated))`,
    ])
    table = data.tables.kind!
  })
  after(() => data[Symbol.asyncDispose]())

  /** The plan's lines of the looked-up table: how it is read, and by which index. */
  async function plan(statement: Statement, asked: Asked): Promise<{ type: string; key: string }[]> {
    const format = data.test.system === 'mysql' ? 'format=traditional ' : ''
    const [before, ...rest] = `explain ${format}${statement.sql}`.split('?')
    const query = rest.reduce(
      (query, text) => sql`${query}${asked.json ? '["1", "2"]' : '1'}${sql.raw(text)}`,
      sql.raw(before!),
    )
    const { rows } = await query.execute(data.db)
    const lines = rows as { table: string | null; type: string; key: string; Extra: string | null }[]
    // A single key that no row has is settled by a look into the index, before there is a plan.
    const settled = lines.filter(({ Extra }) => /no matching row|Impossible WHERE/i.test(Extra ?? ''))
    const read = lines.filter(({ table }) => table === 't')
    assert.equal(new Set([...settled, ...read]).size, asked.selects, JSON.stringify(lines))
    return read.filter((line) => !settled.includes(line))
  }

  for (const size of [0, 1, 2, 3, 500]) {
    it(`reads the key's index and nothing else, in a table of ${size} rows`, async () => {
      await data.run('delete from kind')
      for (let from = 1; from <= size; from += 100) {
        const ids = Array.from({ length: Math.min(100, size - from + 1) }, (_, index) => from + index)
        await data.run(
          `insert into kind (id, bytewise, \`integer\`, label) values ${ids.map((id) => `(${id}, 'b${id}', ${id}, 'l${id % 7}')`).join()}`,
        )
      }
      await data.run('analyze table kind')
      const keys = tableKeys(table)
      const expectIndex = async (statement: Statement, definition: KeyDefinition, asked: Asked) => {
        for (const line of await plan(statement, asked)) {
          assert.equal(line.key, definition.index, statement.sql)
          assert.match(line.type, /^(eq_ref|ref|const)$/, statement.sql)
        }
      }
      const expectJoined = async (options: StatementOptions) => {
        for (const form of FORMS) {
          const json = form === 'json_table'
          const statement = json ? keyStatement(options) : unionStatement({ ...options, keys: 2 })
          await expectIndex(statement, options.definition, { selects: 1, json })
        }
      }
      assert.equal(keys.definitions.length, Object.keys(KINDS).length + 2)
      for (const definition of keys.definitions) {
        const options = { table, definition, many: false, versioned: false }
        await expectJoined(options)
        await expectIndex(loneStatement(options), definition, { selects: 1 })
      }
      for (const columns of [{ label: 'x' }, { label: 'x', integer: 1 }]) {
        const { definition } = keys.resolvePrefix(columns)!
        const options = { table, definition, many: true, versioned: false }
        await expectJoined(options)
      }
    })
  }

  it('of a write by key reads that key alone', async () => {
    await data.run('delete from kind')
    const rows = Array.from({ length: 100 }, (_, n) => {
      const day = `2024-01-01 00:00:${String(n % 60).padStart(2, '0')}`
      return `(${n}, 'b${n}', 'c${n}', 'a${n}', 'é${n}', ${n}, ${n}.5, '2024-01-01' + interval ${n} day, '${day}' + interval ${n} hour,
        sec_to_time(${n}), ${1950 + n}, ${n}, 'v${n}', ${n === 50 ? "'b', 'a,b', 'c'" : 'null, null, null'})`
    })
    await data.run(
      `insert into kind (id, ${Object.keys(KINDS).map((name) => `\`${name}\``)}) values ${rows.join()}`,
      'analyze table kind',
    )
    const row = await data.repositories().kind!.findByKey(50)
    const { definitions, keyOf } = tableKeys(table)
    const format = data.test.system === 'mysql' ? 'format=traditional ' : ''
    for (const definition of definitions.filter(({ index }) => index !== 'by_pair')) {
      const { texts, parts } = keyCondition(definition, (name) => columnName(table, name))
      const { tokens } = keyOf(definition, row!)!
      const values = parts.map((part) => String(tokens[part]))
      const condition = texts
        .map((text, at) => text + (at < values.length ? mysql2.escape(values[at]) : ''))
        .join('')
      for (const write of ['delete from kind', "update kind set label = 'x'"]) {
        const lines = await data.run(`explain ${format}${write} where ${condition}`)
        assert.deepEqual(
          lines.map(({ key, rows }) => [key, Number(rows)]),
          [[definition.index, 1]],
          condition,
        )
      }
    }
  })

  it('of a whole table follows its primary key and sorts nothing, with its version or without', async () => {
    await createVersionTable(data.db)
    const format = data.test.system === 'mysql' ? 'format=traditional ' : ''
    for (const versioned of [false, true]) {
      const statement = tableStatement({ table, versioned, limit: 1_000 })
      const lines = await data.run(`explain ${format}${statement.sql}`)
      const [line] = lines.filter((one) => one.table === 't')
      assert.deepEqual([line?.type, line?.key], ['index', 'PRIMARY'])
      assert.ok(!lines.some(({ Extra }) => /filesort|temporary/.test(String(Extra))), JSON.stringify(lines))
    }
  })
})
