import type { Kysely } from 'kysely'
import { refuseSchema } from '../database/with-schema.ts'
import { ConfigurationError } from '../errors.ts'
import type { SlotCount } from '../versions/version-table.ts'
import { nameOnServer, requireLookupTable } from './lookup-table.ts'
import { inKnownMode, run } from './server-statement.ts'
import {
  readTriggerStates,
  readTriggers,
  replaceTriggers,
  type Trigger,
  type TriggerState,
} from './trigger.ts'
import type { GuardName } from './trigger-body.ts'
import { closeSlots, openSlots, slotCountOf } from './version-slots.ts'
import { removeUnusedSlots, requireOwnDatabase, requireVersionTable } from './version-table.ts'

/** What freezing and tracking have in common: triggers guard a table, and each has its helpers. */
export interface Guard {
  readonly name: GuardName
  /** The helper that makes it, and its inverse. */
  readonly helper: string
  readonly inverse: string
  /** The one that reads its triggers. */
  readonly reader: string
  /** @throws ConfigurationError if rows of the table can change without firing a trigger. */
  refuseBypasses<DB>(db: Kysely<DB>, table: string): Promise<void>
  /** What tells the triggers that a table needs; those that are to be created, for so many slots, have the body that is best on this server. */
  readExpected<DB>(
    db: Kysely<DB>,
    options?: { readonly toCreate: SlotCount },
  ): Promise<(table: string) => readonly Trigger[]>
}

export interface GuardOptions {
  readonly table: string
  /** How many version rows the table gets (default as many as it has). */
  readonly slots?: SlotCount | undefined
}

/** Makes the triggers and version rows of a table be what they should. */
export async function addGuard<DB>(db: Kysely<DB>, guard: Guard, options: GuardOptions): Promise<void> {
  const { helper } = guard
  const { table } = options
  requireOwnDatabase(db, helper)
  await inKnownMode(db, async (connection) => {
    await requireVersionTable(connection)
    const name = await requireLookupTable(connection, { table, helper })
    await guard.refuseBypasses(connection, name)
    await alone(connection, helper, async () => {
      const slots = options.slots ?? (await slotCountOf(connection, name))
      const expected = (await guard.readExpected(connection, { toCreate: slots }))(name)
      await openSlots(connection, name, slots)
      await replaceTriggers(connection, { table: name, guard: guard.name, expected })
      // For writes that no trigger has seen, too.
      await closeSlots(connection, name, slots)
    })
  })
}

/** How long (s) a call waits for another one. */
const PATIENCE = 60

/** While no other call does the same in the database: two that want different numbers of slots would each believe to be the last. */
async function alone<DB>(db: Kysely<DB>, helper: string, work: () => Promise<void>): Promise<void> {
  // Of 64 characters at most, which a database's name may have by itself.
  const name = "concat('kysely-lookup ', crc32(database()))"
  const [lock] = await run<{ taken: unknown }>(db, `select get_lock(${name}, ${PATIENCE}) as taken`)
  if (Number(lock?.taken) !== 1) {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `${helper}: another call has been changing triggers of this database for ${PATIENCE} s`,
      fix: 'Call it again when that has ended.',
    })
  }
  try {
    await work()
  } finally {
    await run(db, `do release_lock(${name})`).catch(() => {})
  }
}

/** Removes the triggers, and the version rows if nothing else needs them; also if the table is gone. */
export async function removeGuard<DB>(db: Kysely<DB>, guard: Guard, table: string): Promise<void> {
  requireOwnDatabase(db, guard.inverse)
  await inKnownMode(db, async (connection) => {
    const name = await nameOnServer(connection, table)
    await replaceTriggers(connection, { table: name, guard: guard.name, expected: [] })
    await removeUnusedSlots(connection, name)
  })
}

/** The triggers that each table needs, each with its state on the server. */
export async function guardStates<DB>(
  db: Kysely<DB>,
  guard: Guard,
  tables: readonly string[],
): Promise<ReadonlyMap<string, readonly TriggerState[]>> {
  refuseSchema(db, guard.reader)
  const [expected, live] = [await guard.readExpected(db), await readTriggers(db)]
  const states = new Map<string, readonly TriggerState[]>()
  for (const table of tables) {
    const found = await readTriggerStates(db, expected(table), live)
    // A server may keep the name in another spelling, which only matters to a table that seems unguarded.
    const unguarded = found.every(({ state }) => state === 'missing')
    const name = unguarded ? await nameOnServer(db, table) : table
    states.set(table, name === table ? found : await readTriggerStates(db, expected(name), live))
  }
  return states
}
