import type { Kysely } from 'kysely'
import { refuseSchema } from '../database/with-schema.ts'
import { nameOnServer, requireLookupTable } from './lookup-table.ts'
import { inKnownMode } from './server-statement.ts'
import {
  readTriggerStates,
  readTriggers,
  replaceTriggers,
  type Trigger,
  type TriggerState,
} from './trigger.ts'
import type { GuardName } from './trigger-body.ts'
import { bumpAllSlots } from './version-slots.ts'
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
  /** What tells the triggers that a table needs; those that are to be created have the body that is best on this server. */
  readExpected<DB>(
    db: Kysely<DB>,
    options?: { readonly toCreate: boolean },
  ): Promise<(table: string) => readonly Trigger[]>
}

/** Makes the triggers and version rows of a table be what they should. */
export async function addGuard<DB>(db: Kysely<DB>, guard: Guard, table: string): Promise<void> {
  const { helper } = guard
  requireOwnDatabase(db, helper)
  await inKnownMode(db, async (connection) => {
    await requireVersionTable(connection)
    const name = await requireLookupTable(connection, { table, helper })
    await guard.refuseBypasses(connection, name)
    const expected = (await guard.readExpected(connection, { toCreate: true }))(name)
    await bumpAllSlots(connection, name)
    await replaceTriggers(connection, { table: name, guard: guard.name, expected })
    // For writes between reading the old triggers and creating the new ones.
    await bumpAllSlots(connection, name)
  })
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
