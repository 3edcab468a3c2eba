import type { Kysely } from 'kysely'
import { ER_NO_SUCH_TABLE, errorNumber } from '../database/server-errors.ts'
import { ConfigurationError } from '../errors.ts'
import type { TriggerState } from '../migration/trigger.ts'
import type { GuardedTable } from '../versions/guard-faults.ts'
import { NO_SLOTS, readTableSlots, slotsFault, type TableSlots } from '../versions/table-slots.ts'
import { deniedVersions, VERSION_TABLE } from '../versions/version-table.ts'

/**
 * That a versioned table's changes move its version: the version table, the table's rows in it, and its triggers.
 * @throws ConfigurationError that names the helper to call.
 */
export async function checkVersion(db: Kysely<unknown>, table: string): Promise<void> {
  const name = JSON.stringify(table)
  const track = `Call trackVersion(db, ${name}) of kysely-lookup/migration in a migration.`
  const refuse = (what: string, fix: string): never => {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `${table} is cached as 'versioned', and ${what}, so that changes would go unnoticed`,
      fix,
    })
  }
  const slots = await readSlots(db, table)
  if (slots === undefined) {
    return refuse(
      `the table ${VERSION_TABLE} does not exist`,
      `Call createVersionTable(db) and then trackVersion(db, ${name}) of kysely-lookup/migration in a migration.`,
    )
  }
  // Only versioned tables need what migrations need.
  const { slotsWritten, versionTriggers } = await import('../migration/tracking.ts')
  const triggers = (await versionTriggers(db, [table])).get(table) ?? []
  const fault = slotsFault(slots, slotsWritten(triggers))
  if (fault) refuse(fault, track)
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
  const slots = await readSlots(db, table)
  if (!slots || slots.rows === 0) return
  const { slotsWritten, versionTriggers } = await import('../migration/tracking.ts')
  const tracked = (await versionTriggers(db, [table])).get(table) ?? []
  const missing = slotsFault(slots, slotsWritten(tracked))
  if (!missing && (wrong.length === 0 || !tracked.some(isWrong))) return
  const name = JSON.stringify(table)
  const fault = wrong.length > 0 ? named(wrong) : missing
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

async function readSlots(db: Kysely<unknown>, table: string): Promise<TableSlots | undefined> {
  try {
    const [slots = NO_SLOTS] = (await readTableSlots(db, table)).values()
    return slots
  } catch (error) {
    if (errorNumber(error) === ER_NO_SUCH_TABLE) return undefined
    throw deniedVersions(error) ?? error
  }
}
