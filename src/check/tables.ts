import type { ColumnMetadata, TableMetadata } from '../metadata.ts'
import { deniedReading } from '../schema/denied-reading.ts'
import { readSchema } from '../schema/read-schema.ts'
import { differenceOf, liveTables } from '../schema/schema-difference.ts'
import type { CheckTarget } from './check-target.ts'
import type { Finding, Report } from './finding.ts'
import { deniedRight } from './server-error.ts'

const GENERATE = 'Run kysely-lookup generate, and migrate if the database is behind.'

export interface TablesReport extends Report {
  /** The tables whose columns are as they were generated: statements for the others would fail for that reason alone. */
  readonly sound: readonly TableMetadata[]
  /** Whether the user may not read all of the tables, so that they look stale without being so. */
  readonly denied: boolean
}

/** Checks that each table is as it was generated; repositories refuse any other. */
export async function checkTables({ owner, tables }: CheckTarget): Promise<TablesReport> {
  const liveTable = liveTables(await readSchema(owner, { tables: tables.map(({ name }) => name) }))
  const findings: Finding[] = []
  const sound: TableMetadata[] = []
  let denied = false
  for (const table of tables) {
    const live = liveTable(table.name)
    const columns = live?.metadata.columns ?? []
    const collations = table.columns.flatMap((column) => collationFinding(table, column, columns))
    const expected = withCollationsOf(table, columns)
    const difference = differenceOf(expected, live)
    const onlyGrew = difference !== undefined && !differenceOf(expected, live, { allowGrowth: true })
    findings.push(...collations)
    if (collations.length === 0 && (onlyGrew || difference?.about !== 'columns')) sound.push(table)
    if (!difference) continue
    if (onlyGrew) {
      findings.push(grownColumn(table, difference.text))
      continue
    }
    const right = deniedRight(await deniedReading(owner, table, live))
    denied ||= right !== undefined
    const stale: Finding = { code: 'stale-table', table: table.name, message: difference.text, fix: GENERATE }
    findings.push(right ? { ...right, table: table.name } : stale)
  }
  return { findings, sound, denied }
}

function grownColumn(table: TableMetadata, text: string): Finding {
  return {
    code: 'grown-column',
    table: table.name,
    message: `${text}; repositories go on, because it only grew`,
    fix: 'Run kysely-lookup generate, so that the types say what the column can hold.',
  }
}

function collationFinding(
  table: TableMetadata,
  column: ColumnMetadata,
  live: readonly ColumnMetadata[],
): Finding[] {
  const now = liveColumn(column, live)
  if (!now?.collation || !column.collation || now.collation === column.collation) return []
  return [
    {
      code: 'changed-collation',
      table: table.name,
      message: `column ${now.name} has the collation ${now.collation}, generated was ${column.collation}: other spellings are the same key now`,
      fix: `${GENERATE} Check that its values are still unique.`,
    },
  ]
}

/** Reports a collation once, so that it does not hide other differences. */
function withCollationsOf(table: TableMetadata, live: readonly ColumnMetadata[]): TableMetadata {
  const columns = table.columns.map((column) => {
    const now = liveColumn(column, live)
    if (!now || now.collation === undefined || column.collation === undefined) return column
    return { ...column, charset: now.charset!, collation: now.collation }
  })
  return { ...table, columns }
}

function liveColumn(
  { name, columnName = name }: ColumnMetadata,
  live: readonly ColumnMetadata[],
): ColumnMetadata | undefined {
  return live.find((column) => column.name === columnName)
}
