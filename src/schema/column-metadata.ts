import type { SchemaColumn } from '../columns/column-type.ts'
import { schemaColumnType } from '../columns/column-types.ts'
import type { ServerSystem } from '../database/server-version.ts'
import type { ColumnMetadata } from '../metadata.ts'

/** One row of `information_schema.columns`, under names that no plugin rewrites; texts may arrive as bytes. */
export interface ColumnRow extends Omit<SchemaColumn, 'json' | 'system'> {
  readonly tablename: string
  readonly name: string
  readonly defaulttext: string | null
  readonly nullable: string
  readonly extra: string
  readonly expression: string | null
}

/** Whether it holds the end of a row's time in a system-versioned table of MariaDB. */
export function isRowEnd({ expression }: Pick<ColumnRow, 'expression'>): boolean {
  return expression === 'ROW END'
}

interface ColumnContext extends Pick<SchemaColumn, 'json'> {
  readonly system: ServerSystem
  readonly view: boolean
}

/** Translates what both servers say about a column into one description, which is the same where they agree. */
export function columnMetadata(row: ColumnRow, context: ColumnContext): ColumnMetadata {
  const { system, json } = context
  const column: SchemaColumn = { ...row, system, json, datatype: row.datatype.toLowerCase() }
  const type = schemaColumnType(column)
  const generated = /\b(virtual|stored|persistent) generated\b/i.test(row.extra)
  return {
    name: row.name,
    type: type.name,
    ...type.traits?.(column),
    ...(row.nullable === 'YES' && { nullable: true }),
    // Only one of the servers repeats tables' defaults for their views, so views have none here.
    ...(!context.view && !generated && hasDefault(row, context) && { hasDefault: true }),
    ...(!context.view && generated && { generated: true }),
    ...(/\binvisible\b/i.test(row.extra) && { invisible: true }),
  }
}

function hasDefault(row: ColumnRow, { system }: ColumnContext): boolean {
  if (/\bauto_increment\b/i.test(row.extra)) return true
  // MariaDB quotes text defaults, so a bare NULL there means none; MySQL returns SQL's NULL.
  return row.defaulttext !== null && !(system === 'mariadb' && row.defaulttext === 'NULL')
}
