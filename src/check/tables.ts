import type { ColumnMetadata, TableMetadata } from '../metadata.ts'
import type { Schema } from '../schema/read-schema.ts'
import { differenceOf } from '../schema/schema-difference.ts'
import type { Finding, Report } from './finding.ts'

const GENERATE = 'Run kysely-lookup generate, and migrate if the database is behind.'

/** Checks that each table is as it was generated; repositories refuse any other. */
export function checkTables(schema: Schema, tables: readonly TableMetadata[]): Report {
  const live = new Map(schema.tables.map((table) => [table.metadata.name, table]))
  const findings = tables.flatMap((table): Finding[] => {
    const now = live.get(table.name)
    const columns = now?.metadata.columns ?? []
    const collations = table.columns.flatMap((column) => collationFinding(table, column, columns))
    const difference = differenceOf(withCollationsOf(table, columns), now)
    if (difference === undefined) return collations
    return [...collations, { code: 'stale-table', table: table.name, message: difference, fix: GENERATE }]
  })
  return { findings }
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
      fix: `${GENERATE} Look whether its values are still unique as they should be.`,
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
