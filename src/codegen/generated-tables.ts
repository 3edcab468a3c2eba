import type { SchemaForeignKey } from '../schema/foreign-keys.ts'
import type { SchemaTable } from '../schema/read-schema.ts'
import { foreignKeysOf, type OmittedForeignKey } from './foreign-keys.ts'
import { type GeneratedTable, type GeneratedTableOptions, generatedTable } from './generated-table.ts'

export interface GeneratedTablesOptions extends GeneratedTableOptions {
  readonly foreignKeys?: readonly SchemaForeignKey[]
}

export interface GeneratedTables {
  /** Those that can have repositories. */
  readonly tables: readonly GeneratedTable[]
  readonly omitted: readonly OmittedForeignKey[]
}

/** Describes the tables that can have repositories, and the foreign keys between them. */
export function generatedTables(
  schemaTables: readonly SchemaTable[],
  options: GeneratedTablesOptions = {},
): GeneratedTables {
  const described = schemaTables
    .filter(({ unsupported }) => unsupported === undefined)
    .map((table) => generatedTable(table, options))
  const tables = new Map(described.map((table) => [table.metadata.name, table]))
  const foreignKeys = Map.groupBy(options.foreignKeys ?? [], ({ table }) => table)
  const omitted: OmittedForeignKey[] = []
  return {
    omitted,
    tables: described.map((table) => {
      const found = foreignKeysOf(table, { tables, own: foreignKeys.get(table.metadata.name) ?? [] })
      omitted.push(...found.omitted)
      if (found.usable.length === 0) return table
      const usable = Object.fromEntries(found.usable.map(({ name, key }) => [name, key]))
      return { ...table, metadata: { ...table.metadata, foreignKeys: usable } }
    }),
  }
}
