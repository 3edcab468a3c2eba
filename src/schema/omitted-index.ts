import { columnType } from '../columns/column-types.ts'
import type { ServerVersion } from '../database/server-version.ts'
import type { ColumnMetadata } from '../metadata.ts'

/** An index that lookups cannot use, and why. */
export interface OmittedIndex {
  readonly name: string
  readonly unique: boolean
  readonly reason: string
}

/** A line of `information_schema.statistics`. */
export interface IndexRow {
  readonly tablename: string
  readonly name: string
  readonly nonunique: number
  readonly columnname: string | null
  readonly prefix: number | null
  readonly indextype: string
  readonly ignored: string
}

export const PRIMARY = 'PRIMARY'

/** Indexes can be ignored by MariaDB from 10.6 on, and invisible in MySQL from 8.0 on. */
export function ignoredColumn({ system, release }: ServerVersion): string {
  if (system === 'mysql') return release >= 800 ? "if(is_visible = 'YES', 'NO', 'YES')" : "'NO'"
  return release >= 1006 ? 'ignored' : "'NO'"
}

interface IndexParts {
  readonly parts: readonly IndexRow[]
  /** Those of the table. */
  readonly columns: readonly ColumnMetadata[]
  readonly engine: string | null
}

/** Why lookups cannot use an index; undefined if they can. */
export function whyOmitted({ parts, columns, engine }: IndexParts): string | undefined {
  for (const { name, columnname, prefix, indextype, ignored } of parts) {
    if (ignored === 'YES') return 'the server ignores it (it is invisible)'
    if (columnname === null) return 'it is over an expression'
    if (/^(fulltext|spatial|rtree|vector)$/i.test(indextype)) return `it is a ${indextype} index`
    if (prefix !== null) return `it covers only the first ${prefix} characters or bytes of ${columnname}`
    if (/^hash$/i.test(indextype) && name !== PRIMARY) {
      return /^memory$/i.test(engine ?? '')
        ? 'it is a hash index, as MEMORY tables have by default; create it USING BTREE'
        : 'it is a hash index, as MariaDB makes for unique columns that are too long for a tree'
    }
    const column = columns.find((one) => one.name === columnname)
    const key = column && columnType(column).key
    if (typeof key === 'string') {
      return `${columnname} is ${column?.type.toUpperCase()}, which cannot be a key: ${key}`
    }
  }
  return undefined
}
