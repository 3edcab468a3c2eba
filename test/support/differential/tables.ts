import fc from 'fast-check'
import mysql2 from 'mysql2'
import { type ColumnCase, loneValue, type Spelling } from './case.ts'
import { type CompositeCase, compositeKeys } from './composite-cases.ts'
import type { Question } from './lone-comparison.ts'

export interface Sampling {
  readonly seed: number
  /** Generated keys per case, unless the case asks for fewer. */
  readonly runs: number
}

/** The statements that make a case's table, and the keys that are asked of it. */
export interface CaseTable {
  readonly statements: readonly string[]
  readonly questions: readonly Question[]
}

const literal = (value: unknown) => mysql2.escape(value as string)

/** `k` is the primary key; `u`, unique and nullable, has the same value, or none in a few rows. */
export function columnTable(of: ColumnCase, { seed, runs }: Sampling): CaseTable {
  const size = Math.ceil(runs * ((of.runs ?? 100) / 100))
  const generated = fc.sample(of.generated, { seed, numRuns: 2 * size })
  const inserted = [...of.rows, ...generated.slice(0, size / 2).map(loneValue)]
  const values = inserted.map((value, index) => {
    const unique = of.unique ? '' : `, ${index % 7 === 6 ? 'null' : literal(value)}`
    return `(${index + 1}, ${literal(value)}${unique})`
  })
  const unique = of.unique ? `${of.type} generated always as (k) ${of.unique}` : `${of.type} null`
  const spellings = [...of.keys, ...of.rows.map((row): Spelling => ({ key: row })), ...generated]
  const k = [{ name: 'k', of }]
  const u = [{ name: 'u', of }]
  return {
    statements: [
      `create table \`${of.name}\` (id int not null unique, k ${of.type} not null primary key, u ${unique}, unique key u (u))`,
      `insert ignore into \`${of.name}\` (id, k${of.unique ? '' : ', u'}) values ${values.join(', ')}`,
    ],
    questions: spellings.flatMap((spelling) => [
      { table: of.name, columns: k, spellings: [spelling], bare: isBare(spelling.key) },
      { table: of.name, columns: u, spellings: [spelling], bare: false },
    ]),
  }
}

// Some keys in the scalar form and some as objects.
function isBare(key: unknown): boolean {
  return String(key).length % 2 === 0
}

export function compositeTable(composite: CompositeCase, { seed, runs }: Sampling): CaseTable {
  const { name, parts } = composite
  const keys = fc.sample(compositeKeys(composite), { seed, numRuns: 3 * runs })
  const rows = keys
    .slice(0, runs)
    .map((row, index) => `(${index + 1}, ${row.map((part) => literal(loneValue(part))).join(', ')})`)
  const columns = parts.map((of, index) => ({ name: `p${index}`, of }))
  const definitions = columns.map((column) => `${column.name} ${column.of.type} not null`)
  const list = columns.map((column) => column.name).join(', ')
  const changed = keys
    .slice(0, runs)
    .map((row, index) => row.map((part, at) => (at === index % row.length ? keys[runs + index]![at]! : part)))
  return {
    statements: [
      `create table ${name} (id int not null unique, ${definitions.join(', ')}, primary key (${list}))`,
      `insert ignore into ${name} values ${rows.join(', ')}`,
    ],
    questions: [...keys, ...changed].map((spellings) => ({ table: name, columns, spellings, bare: false })),
  }
}
