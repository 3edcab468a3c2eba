import path from 'node:path'
import { CommandError } from './command.ts'

export interface TableFilterOptions {
  readonly database: string
  readonly include: readonly string[]
  readonly exclude: readonly string[]
}

/** Bookkeeping of Kysely's migrations and of ours; no application looks rows up in it. */
const MIGRATION_TABLES = ['kysely_migration', 'kysely_migration_lock', 'lookup_version']

/** Which tables are meant, by glob over `table` or, where the pattern has a dot, `database.table`. */
export function tableFilter({ database, include, exclude }: TableFilterOptions): (table: string) => boolean {
  // Node had globs behind its first 22 releases.
  if ([...include, ...exclude].length > 0 && typeof path.matchesGlob !== 'function') {
    throw new CommandError('--include-pattern and --exclude-pattern need Node.js 22.5 or newer.')
  }
  const matches = (table: string) => (pattern: string) =>
    table === pattern || path.matchesGlob(pattern.includes('.') ? `${database}.${table}` : table, pattern)
  return (table) => {
    if (exclude.some(matches(table))) return false
    if (MIGRATION_TABLES.includes(table)) return include.includes(table)
    return include.length === 0 || include.some(matches(table))
  }
}
