import type { Kysely } from 'kysely'
import { LookupAdapter } from '../database/create-database.ts'
import { ConfigurationError } from '../errors.ts'
import type { TablesMetadata } from '../metadata.ts'
import { isReadAsDate } from '../rows/row.ts'

/**
 * Compares how the generated file and a database made by `createDatabase` read values, without asking the server. (Another
 * Kysely instance is asked for values before the first read.)
 *
 * @throws ConfigurationError with both ways to mend it.
 */
export function checkDecoding(db: Kysely<unknown>, tables: TablesMetadata): void {
  const { adapter } = db.getExecutor()
  if (!(adapter instanceof LookupAdapter)) return
  const { bigint = 'number', tinyint1 = 'number', zeroDates = 'error' } = adapter.decoding
  for (const table of Object.values(tables)) {
    for (const column of table.columns) {
      const names = { table: table.name, column: column.columnName ?? column.name }
      if (column.type === 'bigint') {
        expectReading({
          ...names,
          option: 'bigint',
          flag: '--bigint',
          generated: column.as ?? 'number',
          actual: bigint,
        })
      } else if (column.type === 'tinyint' && column.length === 1) {
        expectReading({
          ...names,
          option: 'tinyint1',
          flag: '--tinyint1',
          generated: column.as ?? 'number',
          actual: tinyint1,
        })
      } else if (isReadAsDate(column)) {
        expectReading({
          ...names,
          option: 'zeroDates',
          flag: '--zero-dates',
          generated: column.zeroDates ?? 'error',
          actual: zeroDates,
        })
      }
    }
  }
}

interface Reading {
  readonly table: string
  readonly column: string
  readonly option: string
  readonly flag: string
  readonly generated: string
  readonly actual: string
}

function expectReading({ table, column, option, flag, generated, actual }: Reading): void {
  if (generated === actual) return
  throw new ConfigurationError(
    `${table}.${column} was generated with ${flag} ${generated}, and the database object was made with ${option}: '${actual}'. Use createDatabase({ ${option}: '${generated}' }), or run kysely-lookup generate ${flag} ${actual}.`,
  )
}
