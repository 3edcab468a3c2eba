import type { Kysely } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import { type CascadeSource, cascadeSources, describeKey, readCascadingKeys } from './cascade.ts'
import { nameOnServer, requireLookupTable } from './lookup-table.ts'
import {
  readTriggerStates,
  readTriggers,
  replaceTriggers,
  type Trigger,
  type TriggerState,
  triggerName,
} from './trigger.ts'
import {
  moveEverySlot,
  moveOwnSlot,
  refuseTransaction,
  removeUnusedSlots,
  requireVersionTable,
} from './version-table.ts'

const kinds = ['lookup_version', 'lookup_cascade'] as const

/**
 * Makes the database move the table's version with every INSERT, UPDATE and DELETE, whoever sends it, in the writer's
 * own transaction: for tables that are cached as `'versioned'`. The tables that change it by cascading foreign keys get
 * triggers as well. Called again it repairs what is missing and follows foreign keys that came or went. Its inverse is
 * {@link untrackVersion}.
 *
 * @throws ConfigurationError where there is no version table, or the table is not InnoDB, or a right is missing.
 */
export async function trackVersion<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const helper = 'trackVersion'
  refuseTransaction(db, helper)
  await requireVersionTable(db)
  const name = await requireLookupTable(db, { table, helper })
  const sources = cascadeSources(await readCascadingKeys(db), name)
  const elsewhere = sources.filter(({ key }) => key.parentDatabase)
  if (elsewhere.length > 0) {
    throw new ConfigurationError(
      `${helper}: rows of ${name} can change by a cascade from another database: ${elsewhere.map(({ key }) => describeKey(key)).join('; ')}. Make the rule of the foreign key RESTRICT, or cache ${name} per request only.`,
    )
  }
  await moveEverySlot(db, name)
  await replaceTriggers(db, { table: name, kinds, expected: trackingTriggers(name, sources) })
  // What was written between the reading of the old triggers and the making of the new ones.
  await moveEverySlot(db, name)
}

/** Removes what {@link trackVersion} made, also where the table itself is gone. */
export async function untrackVersion<DB>(db: Kysely<DB>, table: string): Promise<void> {
  refuseTransaction(db, 'untrackVersion')
  const name = await nameOnServer(db, table)
  await replaceTriggers(db, { table: name, kinds, expected: [] })
  await removeUnusedSlots(db, name)
}

/**
 * The triggers that each of the tables needs to be tracked, as the foreign keys are now, and whether the server has
 * them. Where one is `missing` or `different`, call {@link trackVersion} again.
 */
export async function versionTriggers<DB>(
  db: Kysely<DB>,
  tables: readonly string[],
): Promise<ReadonlyMap<string, readonly TriggerState[]>> {
  const [keys, live] = [await readCascadingKeys(db), await readTriggers(db)]
  const states = new Map<string, readonly TriggerState[]>()
  for (const table of tables) {
    const expected = trackingTriggers(table, cascadeSources(keys, table))
    states.set(table, await readTriggerStates(db, expected, live))
  }
  return states
}

function trackingTriggers(table: string, sources: readonly CascadeSource[]): readonly Trigger[] {
  const body = `begin\n  ${moveOwnSlot(table)}\nend`
  const own = (['insert', 'update', 'delete'] as const).map(
    (event): Trigger => ({
      name: triggerName({ kind: 'lookup_version', event, table }),
      table,
      timing: 'after',
      event,
      body,
    }),
  )
  const parents = sources.map(
    ({ table: on, event }): Trigger => ({
      name: triggerName({ kind: 'lookup_cascade', event, table, on }),
      table: on,
      timing: 'after',
      event,
      body,
    }),
  )
  return [...own, ...parents]
}
