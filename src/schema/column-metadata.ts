import type { SchemaColumn } from '../columns/column-type.ts'
import { schemaColumnType } from '../columns/column-types.ts'
import type { ColumnMetadata } from '../metadata.ts'

/** One row of `information_schema.columns`, under names that no plugin rewrites; texts may arrive as bytes. */
export interface ColumnRow extends Omit<SchemaColumn, keyof ColumnContext> {
  readonly tablename: string
  readonly name: string
  readonly defaulttext: string | null
  readonly nullable: string
  readonly extra: string
}

interface ColumnContext extends Pick<SchemaColumn, 'system' | 'view' | 'jsonChecked'> {}

/** Translates what both servers say of a column into one description, equal wherever they agree. */
export function columnMetadata(row: ColumnRow, context: ColumnContext): ColumnMetadata {
  const column: SchemaColumn = { ...row, ...context, datatype: row.datatype.toLowerCase() }
  const type = schemaColumnType(column)
  const generated = /\b(virtual|stored|persistent) generated\b/i.test(row.extra)
  return {
    name: row.name,
    type: type.name,
    ...type.traits?.(column),
    ...(row.nullable === 'YES' && { nullable: true }),
    // Views repeat their tables' defaults on one server and not on the other: neither is reported.
    ...(!context.view && !generated && hasDefault(row, context) && { hasDefault: true }),
    ...(!context.view && generated && { generated: true }),
  }
}

function hasDefault(row: ColumnRow, { system }: ColumnContext): boolean {
  if (/\bauto_increment\b/i.test(row.extra)) return true
  // MariaDB quotes a text default, so that its bare NULL is the absence of one; MySQL says SQL's null.
  return row.defaulttext !== null && !(system === 'mariadb' && row.defaulttext === 'NULL')
}
