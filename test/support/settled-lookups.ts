import type { Kysely } from 'kysely'
import { expectAdapter } from '../../src/database/lookup-adapter.ts'
import { LookupConnections } from '../../src/database/lookup-connections.ts'
import type { AnyDB } from './lookups.ts'

/**
 * Opens all connections that lookups of the database may have, and resolves when no statement is under way on them. A
 * connection that is opened for a caller who gets another one meanwhile comes some time later, and setting it up is a
 * SELECT: on a busy machine it would be counted with whatever runs by then.
 */
export async function settleLookups(db: Kysely<AnyDB>): Promise<void> {
  const { lookups } = expectAdapter(db as unknown as Kysely<unknown>)
  if (!(lookups instanceof LookupConnections)) return
  const held = []
  while (held.length < lookups.count) held.push(await lookups.acquire(undefined))
  // The one that would have been taken next still is.
  for (const connection of held.reverse()) connection.release()
}
