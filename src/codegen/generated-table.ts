import { columnType } from '../columns/column-types.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import type { ColumnMetadata, TableMetadata } from '../metadata.ts'
import type { SchemaTable } from '../schema/read-schema.ts'

/** A table as the generated file describes it: how its values are read, under the names that queries use. */
export interface GeneratedTable {
  /** The table's name in Kysely queries. */
  readonly name: string
  readonly metadata: TableMetadata
  /** By the column's name in queries, the name of the constant for its keys. */
  readonly constants?: Readonly<Record<string, Identifier>>
}

/** A name in the generated file that stands for a value. */
export class Identifier {
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

export interface GeneratedTableOptions extends DecodingOptions {
  /** The name in queries of a table or column of the database; by default the same. */
  readonly nameOf?: (databaseName: string) => string
}

/** @see GeneratedTable */
export function generatedTable(
  { metadata }: SchemaTable,
  { nameOf = (name) => name, ...decoding }: GeneratedTableOptions,
): GeneratedTable {
  const renamed = (index: { readonly name: string; readonly columns: readonly string[] }) => ({
    name: index.name,
    columns: index.columns.map(nameOf),
  })
  return {
    name: nameOf(metadata.name),
    metadata: {
      name: metadata.name,
      columns: metadata.columns.map(({ name, ...column }) => ({
        name: nameOf(name),
        ...(nameOf(name) !== name && { columnName: name }),
        ...column,
        ...reading({ name, ...column }, decoding),
      })),
      primaryKey: metadata.primaryKey.map(nameOf),
      uniqueKeys: metadata.uniqueKeys.map(renamed),
      indexes: metadata.indexes.map(renamed),
    },
  }
}

/** Leaves out defaults. */
function reading(
  column: ColumnMetadata,
  decoding: DecodingOptions,
): Pick<ColumnMetadata, 'as' | 'zeroDates'> {
  const option = columnType(column).option?.(column)
  const value = option && decoding[option.name]
  return option && value && value !== option.initial ? { [option.member]: value } : {}
}
