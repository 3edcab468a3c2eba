import { type Kysely, sql } from 'kysely'
import { ownDatabase } from '../database/lookup-adapter.ts'
import type { TableMetadata } from '../metadata.ts'
import { isTriggerOf, readTriggers } from '../migration/trigger.ts'
import type { GuardName } from '../migration/trigger-body.ts'
import { DEFAULT_MAX_ROWS } from '../repositories/resolved-options.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import type { CachedTable } from './check-target.ts'
import { deniedRight, isGone } from './server-error.ts'

/** Guesses how tables are cached from their triggers and version rows in the database. */
export async function guardedTables(
  db: Kysely<unknown>,
  tables: readonly TableMetadata[],
): Promise<ReadonlyMap<string, CachedTable>> {
  const triggers = await readTriggers(db)
  const versioned = await tablesWithVersion(db)
  const guarded = new Map<string, CachedTable>()
  for (const { name } of tables) {
    const has = (guard: GuardName) => triggers.some((trigger) => isTriggerOf(trigger, { table: name, guard }))
    if (has('frozen')) guarded.set(name, { mode: 'immutable', maxRows: DEFAULT_MAX_ROWS })
    else if (has('tracked') || versioned.has(name)) {
      guarded.set(name, { mode: 'versioned', maxRows: DEFAULT_MAX_ROWS })
    }
  }
  return guarded
}

async function tablesWithVersion(db: Kysely<unknown>): Promise<ReadonlySet<string>> {
  try {
    const { rows } = await sql<{ name: string }>`
      select distinct table_name as name from ${sql.ref(VERSION_TABLE)}`.execute(
      ownDatabase(db).withoutPlugins(),
    )
    return new Set(rows.map(({ name }) => name))
  } catch (error) {
    if (isGone(error) || deniedRight(error)) return new Set()
    throw error
  }
}
