import path from 'node:path'
import { VERSION_TABLE } from '../versions/version-table.ts'
import { CommandError } from './command.ts'

export interface TableFilterOptions {
  readonly database: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** The tables of the migrator, in which no application looks up rows. */
  readonly migrationTables: readonly string[]
}

/** Selects tables by globs over `table` or, if the pattern has a dot, over `database.table`. */
export function tableFilter(options: TableFilterOptions): (table: string) => boolean {
  const { database, include, exclude, migrationTables } = options
  const bookkeeping = new Set([VERSION_TABLE, ...migrationTables])
  // The first releases of Node 22 have no globs.
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
