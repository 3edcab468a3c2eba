import type { Kysely } from 'kysely'
import { columnType } from '../columns/column-types.ts'
import { adapterOf } from '../database/lookup-adapter.ts'
import { ConfigurationError } from '../errors.ts'
import type { TablesMetadata } from '../metadata.ts'

/**
 * Compares how the generated file and a database made by `createDatabase` read values, without asking the server.
 *
 * @throws ConfigurationError with both ways to fix it.
 */
export function checkDecoding(db: Kysely<unknown>, tables: TablesMetadata): void {
  const adapter = adapterOf(db)
  if (!adapter) return
  for (const table of Object.values(tables)) {
    for (const column of table.columns) {
      const option = columnType(column).option?.(column)
      if (!option) continue
      const { name, flag, initial, member } = option
      const generated = column[member] ?? initial
      const actual = adapter.decoding[name] ?? initial
      if (generated === actual) continue
      throw new ConfigurationError({
        kind: 'decoding',
        problem: `${table.name}.${column.columnName ?? column.name} was generated with ${flag} ${generated}, and the database object was made with ${name}: '${actual}'`,
        fix: `Use createDatabase({ ${name}: '${generated}' }), or run kysely-lookup generate ${flag} ${actual}.`,
      })
    }
  }
}
