import { type Kysely, sql } from 'kysely'
import { ER_NO_SUCH_TABLE, errorNumber } from '../database/server-errors.ts'
import { ConfigurationError } from '../errors.ts'
import type { TriggerState } from '../migration/trigger.ts'
import type { GuardedTable } from '../versions/guard-faults.ts'
import { deniedVersions, SLOTS, VERSION_TABLE } from '../versions/version-table.ts'

/**
 * That a versioned table's changes move its version: the version table, the table's rows in it, and its triggers.
 * @throws ConfigurationError that names the helper to call.
 */
export async function checkVersion(db: Kysely<unknown>, table: string): Promise<void> {
  const name = JSON.stringify(table)
  const track = `Call trackVersion(db, ${name}) of kysely-lookup/migration in a migration.`
  const refuse = (what: string, fix: string) => {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `${table} is cached as 'versioned', and ${what}, so that changes would go unnoticed`,
      fix,
    })
  }
  const slots = await countSlots(db, table)
  if (slots === undefined) {
    refuse(
      `the table ${VERSION_TABLE} does not exist`,
      `Call createVersionTable(db) and then trackVersion(db, ${name}) of kysely-lookup/migration in a migration.`,
    )
  }
  // Only versioned tables need what migrations need.
  const { versionTriggers } = await import('../migration/tracking.ts')
  if (slots !== SLOTS) refuse(`${VERSION_TABLE} has ${slots} of its ${SLOTS} rows`, track)
  const triggers = (await versionTriggers(db, [table])).get(table) ?? []
  const wrong = triggers.filter(isWrong)
  if (triggers.length === 0) refuse('has no triggers', track)
  if (wrong.length > 0) refuse(named(wrong), track)
}

/** Why changes of the table could go unnoticed; undefined where they cannot. */
export async function readGuard(
  db: Kysely<unknown>,
  { table, mode }: GuardedTable,
): Promise<ConfigurationError | undefined> {
  try {
    await (mode === 'versioned' ? checkVersion(db, table) : checkFreeze(db, table))
    return undefined
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
}

/**
 * That an immutable table which was frozen still is. Version rows say that it was; one that never was rests on the word of its
 * owner.
 */
async function checkFreeze(db: Kysely<unknown>, table: string): Promise<void> {
  const { frozenTriggers } = await import('../migration/freezing.ts')
  const frozen = (await frozenTriggers(db, [table])).get(table) ?? []
  const wrong = frozen.filter(isWrong)
  const slots = await countSlots(db, table)
  if (!slots || (wrong.length === 0 && slots === SLOTS)) return
  const { versionTriggers } = await import('../migration/tracking.ts')
  const tracked = (await versionTriggers(db, [table])).get(table) ?? []
  if (!tracked.some(isWrong) && slots === SLOTS) return
  const name = JSON.stringify(table)
  const fault = wrong.length > 0 ? named(wrong) : `${VERSION_TABLE} has ${slots} of its ${SLOTS} rows`
  throw new ConfigurationError({
    kind: 'versions',
    problem: `${table} is cached as 'immutable' and was frozen, and ${fault}, so that rows can change unnoticed`,
    fix: `Call freeze(db, ${name}) of kysely-lookup/migration in a migration, or unfreeze(db, ${name}) if the table is not to be frozen.`,
  })
}

function isWrong({ state }: TriggerState): boolean {
  return state === 'missing' || state === 'different'
}

function named(triggers: readonly TriggerState[]): string {
  return `its trigger ${triggers.map(({ name, state }) => `${name} is ${state}`).join(', ')}`
}

async function countSlots(db: Kysely<unknown>, table: string): Promise<number | undefined> {
  try {
    const { rows } = await sql<{ slots: unknown }>`
      select count(*) as slots from ${sql.ref(VERSION_TABLE)} where table_name = ${table}`.execute(
      db.withoutPlugins(),
    )
    return Number(rows[0]?.slots)
  } catch (error) {
    if (errorNumber(error) === ER_NO_SUCH_TABLE) return undefined
    throw deniedVersions(error) ?? error
  }
}
