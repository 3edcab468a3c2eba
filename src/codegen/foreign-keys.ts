import type { ColumnMetadata, ForeignKeyMetadata, TableMetadata } from '../metadata.ts'
import type { SchemaForeignKey } from '../schema/foreign-keys.ts'
import { byName } from '../schema/read-schema.ts'
import type { GeneratedTable } from './generated-table.ts'

export interface ForeignKeys {
  /** By what `findReferenced` calls them, in a stable order. */
  readonly usable: readonly NamedKey[]
  readonly omitted: readonly OmittedForeignKey[]
}

/** A foreign key that `findReferenced` cannot follow, and why. */
export interface OmittedForeignKey extends Pick<SchemaForeignKey, 'table' | 'name'> {
  readonly reason: string
}

export interface NamedKey {
  readonly name: string
  readonly key: ForeignKeyMetadata
}

export interface ForeignKeysOptions {
  /** The foreign keys of the table. */
  readonly own: readonly SchemaForeignKey[]
  /** The tables that have repositories, by their names in the database. */
  readonly tables: ReadonlyMap<string, GeneratedTable>
}

/** A table's foreign keys, under the names that queries use. */
export function foreignKeysOf(table: GeneratedTable, { own, tables }: ForeignKeysOptions): ForeignKeys {
  const omitted: OmittedForeignKey[] = []
  const omit = (name: string, reason: string) => omitted.push({ table: table.metadata.name, name, reason })
  const keys: NamedKey[] = []
  for (const key of [...own].sort(byName)) {
    const found = describe(key, table, tables)
    if (typeof found === 'string') omit(key.name, found)
    else keys.push({ name: key.name, key: found })
  }
  const { named, unnamed } = nameKeys(keys)
  for (const name of unnamed) omit(name, 'findReferenced calls another foreign key of the table by this name')
  return { usable: named.sort(byName), omitted }
}

/** The key, or why it is left out. */
function describe(
  { columns, targetDatabase, targetTable, targetColumns }: SchemaForeignKey,
  { metadata }: GeneratedTable,
  tables: ReadonlyMap<string, GeneratedTable>,
): ForeignKeyMetadata | string {
  if (targetDatabase !== undefined) return `it refers to another database, ${targetDatabase}`
  const target = tables.get(targetTable)
  if (!target) return `it refers to ${targetTable}, which is not in tables`
  const from = columnsOf(metadata, columns)
  const to = columnsOf(target.metadata, targetColumns)
  if (!from || !to) return 'a column of it cannot be seen with the rights of this user'
  const names = to.map(({ name }) => name)
  const { primaryKey, uniqueKeys } = target.metadata
  const isUnique = [primaryKey, ...uniqueKeys.map((key) => key.columns)].some(
    (key) => key.length === names.length && key.every((name) => names.includes(name)),
  )
  if (!isUnique) {
    return `it refers to ${targetTable} (${targetColumns.join(', ')}), which is no unique key that lookups can use`
  }
  const difference = from.map((column, at) => whyNotAlike(column, to[at]!)).find(Boolean)
  if (difference) return difference
  return { columns: from.map(({ name }) => name), targetTable: target.name, targetColumns: names }
}

function columnsOf({ columns }: TableMetadata, names: readonly string[]): ColumnMetadata[] | undefined {
  const byName = new Map(columns.map((column) => [column.columnName ?? column.name, column]))
  const found = names.map((name) => byName.get(name))
  return found.every((column) => column !== undefined) ? found : undefined
}

/** Why a value of one column, as it is read, is not the value that the server means in the other. */
function whyNotAlike(from: ColumnMetadata, to: ColumnMetadata): string | undefined {
  if (from.as === 'boolean' || to.as === 'boolean') {
    return 'its column is read as a boolean, which does not tell 1 from 2'
  }
  if (from.zeroDates === 'null' || to.zeroDates === 'null') {
    return 'its column is read as null where it holds a zero date'
  }
  if (from.as !== to.as) return 'its column is read as another type than the one that it refers to'
  // The server compares them by the position of the member.
  if (JSON.stringify(from.values) !== JSON.stringify(to.values)) {
    return 'its column has other members than the one that it refers to'
  }
  return undefined
}

/** A key of one column by that column; the others, and all of several keys of one column, by their constraints' names. */
function nameKeys(keys: readonly NamedKey[]): {
  readonly named: NamedKey[]
  readonly unnamed: readonly string[]
} {
  const distinct = new Map(keys.toReversed().map((one) => [JSON.stringify(one.key), one]))
  const columns = Map.groupBy(distinct.values(), ({ key }) => JSON.stringify(key.columns))
  const isSingle = ({ columns: own }: ForeignKeyMetadata) =>
    own.length === 1 && columns.get(JSON.stringify(own))?.length === 1
  const [single, others] = [true, false].map((wanted) =>
    [...distinct.values()].filter(({ key }) => isSingle(key) === wanted),
  )
  const named = new Map(single!.map(({ key }) => [key.columns[0]!, key]))
  const unnamed: string[] = []
  for (const { name, key } of others!) {
    if (named.has(name)) unnamed.push(name)
    else named.set(name, key)
  }
  return { named: [...named].map(([name, key]) => ({ name, key })), unnamed }
}
