import path from 'node:path'
import { VERSION_TABLE } from '../versions/version-table.ts'
import { CommandError } from './command.ts'

export interface TableFilterOptions {
  readonly database: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** The tables in which migrations are noted, which no application looks rows up in. */
  readonly migrationTables: readonly string[]
}

/** Which tables are meant, by glob over `table` or, where the pattern has a dot, `database.table`. */
export function tableFilter(options: TableFilterOptions): (table: string) => boolean {
  const { database, include, exclude, migrationTables } = options
  const bookkeeping = new Set([VERSION_TABLE, ...migrationTables])
  // Node had globs behind its first 22 releases.
  if ([...include, ...exclude].length > 0 && typeof path.matchesGlob !== 'function') {
    throw new CommandError('--include-pattern and --exclude-pattern need Node.js 22.5 or newer.')
  }
  const matches = (table: string) => (pattern: string) =>
    table === pattern || path.matchesGlob(pattern.includes('.') ? `${database}.${table}` : table, pattern)
  return (table) => {
    if (exclude.some(matches(table))) return false
    if (bookkeeping.has(table)) return include.includes(table)
    return include.length === 0 || include.some(matches(table))
  }
}
