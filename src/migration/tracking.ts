import type { Kysely } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import { SLOT_COUNTS, type SlotCount } from '../versions/version-table.ts'
import { type CascadeSource, cascadeSources, describeKey, readCascadingKeys } from './cascade.ts'
import { addGuard, type Guard, guardStates, removeGuard } from './guard.ts'
import { run } from './server-statement.ts'
import type { Trigger, TriggerState } from './trigger.ts'
import { trackingBodies, trackingBody, trackingBodyAsBefore, trackingBodyByNumber } from './trigger-body.ts'
import { triggerName } from './trigger-name.ts'
import { slotsWrittenBy } from './version-slots.ts'

const TRACKED: Guard = {
  name: 'tracked',
  helper: 'trackVersion',
  inverse: 'untrackVersion',
  reader: 'versionTriggers',
  refuseBypasses,
  async readExpected(db, options) {
    const keys = await readCascadingKeys(db)
    const bodiesFor = options ? await readBestBody(db, options.toCreate) : knownBodies
    return (table) => trackingTriggers(table, cascadeSources(keys, table), bodiesFor(table))
  },
}

/**
 * The options of `trackVersion`.
 *
 * @example
 * ```ts
 * await trackVersion(db, 'country', { slots: 1 })
 * ```
 */
export interface TrackOptions {
  /**
   * How many rows the table has in `lookup_version` (default as many as it has already, or 16). Transactions that write the
   * table through the same row wait for each other. With one row, reads of single keys are faster: use that for tables with few
   * writers, such as a seed or an admin page. Other numbers help polls only. Another number can be given later.
   *
   * @example
   * ```ts
   * await trackVersion(db, 'country', { slots: 1 })
   * ```
   */
  readonly slots?: 1 | 2 | 4 | 8 | 16
}

/**
 * Makes the database move the table's version with every INSERT, UPDATE and DELETE, in the writer's own transaction. Use it for tables that are cached as `'versioned'`. Tables that can change it by cascading foreign keys get triggers
 * too. If you call it again, it repairs what is missing and follows foreign keys that were added or dropped. The inverse is
 * {@link untrackVersion}.
 *
 * @example
 * ```ts
 * import type { Kysely } from 'kysely'
 *
 * export async function up(db: Kysely<unknown>): Promise<void> {
 *   await createVersionTable(db)
 *   await trackVersion(db, 'country')
 * }
 * ```
 * @throws ConfigurationError if there is no version table, the table is not InnoDB, a cascade from another database can change it,
 * a right is missing, `slots` is not one of its numbers, or `db` is a transaction.
 */
export async function trackVersion<DB>(
  db: Kysely<DB>,
  table: string,
  options: TrackOptions = {},
): Promise<void> {
  const { slots } = options
  if (slots !== undefined && !SLOT_COUNTS.includes(slots)) {
    throw new ConfigurationError({
      kind: 'option',
      problem: `trackVersion expects slots to be ${SLOT_COUNTS.slice(0, -1).join(', ')} or ${SLOT_COUNTS.at(-1)}, and got ${typeof slots === 'number' ? slots : `a ${typeof slots}`}`,
      fix: "Call it so: trackVersion(db, 'country', { slots: 1 }), or leave it out.",
    })
  }
  await addGuard(db, TRACKED, { table, slots })
}

/**
 * Removes what {@link trackVersion} created, even if the table itself is gone.
 *
 * @example
 * ```ts
 * await untrackVersion(db, 'country')
 * ```
 * @throws ConfigurationError if a right is missing, or `db` is a transaction.
 */
export async function untrackVersion<DB>(db: Kysely<DB>, table: string): Promise<void> {
  await removeGuard(db, TRACKED, table)
}

/**
 * Resolves, for each table, to the triggers that track it, given the current foreign keys, and whether the server has them. If one
 * is `missing` or `different`, call {@link trackVersion} again.
 *
 * @example
 * ```ts
 * const states = (await versionTriggers(db, ['country'])).get('country')
 * const isTracked = states?.every(({ state }) => state === 'live')
 * ```
 * @throws ConfigurationError if a right is missing.
 */
export async function versionTriggers<DB>(
  db: Kysely<DB>,
  tables: readonly string[],
): Promise<ReadonlyMap<string, readonly TriggerState[]>> {
  return await guardStates(db, TRACKED, tables)
}

/** How many version rows these triggers write; undefined if that is not known. */
export function slotsWritten(triggers: readonly TriggerState[]): number | undefined {
  const known = triggers.filter(({ state }) => state === 'live' || state === 'outdated')
  return known.length === 0 ? undefined : Math.max(...known.map(({ body }) => slotsWrittenBy(body)))
}

async function refuseBypasses<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const sources = cascadeSources(await readCascadingKeys(db), table)
  const elsewhere = sources.filter(({ key }) => key.parentDatabase)
  if (elsewhere.length > 0) {
    throw new ConfigurationError({
      kind: 'table',
      problem: `trackVersion: rows of ${table} can change by a cascade from another database: ${elsewhere.map(({ key }) => describeKey(key)).join('; ')}`,
      fix: `Make the rule of the foreign key RESTRICT, or cache ${table} per request only.`,
    })
  }
}

type Bodies = Pick<Trigger, 'body' | 'otherBodies' | 'earlierBody'>

/** MySQL numbers statements. Where it logs them as text, it would warn of each that reads the number. */
async function readBestBody<DB>(db: Kysely<DB>, slots: SlotCount): Promise<(table: string) => Bodies> {
  const rows = await run<{ Variable_name: string; Value: string }>(
    db,
    "show session variables where variable_name in ('statement_id', 'binlog_format')",
  )
  const variables = new Map(rows.map(({ Variable_name, Value }) => [Variable_name, Value]))
  const isNumbered = variables.has('statement_id') && variables.get('binlog_format') !== 'STATEMENT'
  const best = isNumbered ? trackingBodyByNumber : trackingBody
  return (table) => ({ body: best(table, slots) })
}

function knownBodies(table: string): Bodies {
  return {
    body: trackingBody(table),
    otherBodies: trackingBodies(table),
    earlierBody: trackingBodyAsBefore(table),
  }
}

function trackingTriggers(
  table: string,
  sources: readonly CascadeSource[],
  bodies: Bodies,
): readonly Trigger[] {
  const own = (['insert', 'update', 'delete'] as const).map(
    (event): Trigger => ({
      name: triggerName({ kind: 'lookup_version', event, table }),
      table,
      timing: 'after',
      event,
      ...bodies,
    }),
  )
  const parents = sources.map(
    ({ table: on, event }): Trigger => ({
      name: triggerName({ kind: 'lookup_cascade', event, table, on }),
      table: on,
      timing: 'after',
      event,
      ...bodies,
    }),
  )
  return [...own, ...parents]
}
