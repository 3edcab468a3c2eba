import { columnType } from '../columns/column-types.ts'
import type { ColumnMetadata, IndexMetadata, TableMetadata } from '../metadata.ts'
import type { Schema, SchemaTable } from './read-schema.ts'

/**
 * How a table differs from its generated metadata. Columns and indexes that the generated file does not know do not count, because a
 * deploy may be in progress.
 * Foreign keys do not count either: a lookup needs the unique key that they refer to, which is compared, and not the constraint.
 */
export function differenceOf(
  table: TableMetadata,
  live: SchemaTable | undefined,
  options: DifferenceOptions = {},
): Difference | undefined {
  const columns = columnDifference(table, live, options)
  if (columns !== undefined) return { about: 'columns', text: columns }
  const keys = keyDifference(table, live!)
  return keys === undefined ? undefined : { about: 'keys', text: keys }
}

export interface DifferenceOptions {
  /** Whether columns that only grew count as they were generated (default false). */
  readonly allowGrowth?: boolean
}

export interface Difference {
  /** `keys` if all columns are as they were generated. */
  readonly about: 'columns' | 'keys'
  readonly text: string
}

/** Finds tables by name, as the server does. */
export function liveTables({ tables, foldsNames }: Schema): (name: string) => SchemaTable | undefined {
  const byName = new Map(tables.map((table) => [table.metadata.name, table]))
  const folded = new Map(foldsNames ? tables.map((table) => [table.metadata.name.toLowerCase(), table]) : [])
  return (name) => byName.get(name) ?? folded.get(name.toLowerCase())
}

function columnDifference(
  table: TableMetadata,
  live: SchemaTable | undefined,
  { allowGrowth = false }: DifferenceOptions,
): string | undefined {
  if (!live) return 'the table does not exist in this database'
  const { metadata } = live
  if (metadata.name !== table.name) {
    return `the server calls the table ${metadata.name}, generated was ${table.name}: its lower_case_table_names is not the one of the server that the file was generated on`
  }
  const generatedTable = asInDatabase(table)
  const indexed = indexedColumns(generatedTable)
  const columns = new Map(metadata.columns.map((column) => [column.name, column]))
  for (const column of generatedTable.columns) {
    const now = columns.get(column.name)
    if (!now) return `column ${column.name} does not exist`
    if (allowGrowth && grew(column, now, indexed.has(column.name))) continue
    for (const name of new Set([...Object.keys(column), ...Object.keys(now)])) {
      // Lookups name the columns that they read, and do not insert.
      if (name === 'hasDefault' || name === 'invisible') continue
      const [generated, found] = [column, now].map((one) => JSON.stringify(one[name as keyof typeof one]))
      if (generated !== found) return `column ${column.name} has ${name} ${found}, generated was ${generated}`
    }
  }
  return undefined
}

function keyDifference(table: TableMetadata, { metadata, unsupported }: SchemaTable): string | undefined {
  if (unsupported) return unsupported
  const generatedTable = asInDatabase(table)
  const [primaryKey, generatedKey] = [metadata, generatedTable].map((one) => one.primaryKey.join(', '))
  if (primaryKey !== generatedKey) {
    return `the primary key is (${primaryKey}), generated was (${generatedKey})`
  }
  return (
    missingIndex(generatedTable.uniqueKeys, metadata.uniqueKeys) ??
    missingIndex(generatedTable.indexes, metadata.indexes)
  )
}

/** Whether the column has only got wider: the process reads and finds all that it did, and what is new. */
function grew(from: ColumnMetadata, to: ColumnMetadata, indexed: boolean): boolean {
  // What can be null in the types may be NOT NULL in the table.
  if ((to.nullable && !from.nullable) || to.generated !== from.generated) return false
  return columnType(from).grew?.(from, to, { indexed }) ?? false
}

function indexedColumns({ primaryKey, uniqueKeys, indexes }: TableMetadata): ReadonlySet<string> {
  return new Set([...primaryKey, ...[...uniqueKeys, ...indexes].flatMap(({ columns }) => columns)])
}

/** By the names in the database, and without what depends on the driver. */
function asInDatabase(table: TableMetadata): TableMetadata {
  const names = new Map(table.columns.map(({ name, columnName = name }) => [name, columnName]))
  const renamed = (columns: readonly string[]) => columns.map((name) => names.get(name) ?? name)
  const index = ({ name, columns }: IndexMetadata) => ({ name, columns: renamed(columns) })
  return {
    name: table.name,
    columns: table.columns.map(({ columnName, as, zeroDates, ...column }): ColumnMetadata => {
      return { ...column, name: columnName ?? column.name }
    }),
    primaryKey: renamed(table.primaryKey),
    uniqueKeys: table.uniqueKeys.map(index),
    indexes: table.indexes.map(index),
  }
}

function missingIndex(
  generated: readonly IndexMetadata[],
  live: readonly IndexMetadata[],
): string | undefined {
  const found = new Set(live.map(({ columns }) => JSON.stringify(columns)))
  const missing = generated.find(({ columns }) => !found.has(JSON.stringify(columns)))
  return missing && `index ${missing.name} (${missing.columns.join(', ')}) does not exist`
}
