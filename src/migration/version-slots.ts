import type { Kysely } from 'kysely'
import { SLOTS, VERSION_TABLE } from '../versions/version-table.ts'
import { literal, run } from './server-statement.ts'

export { SLOTS }

// UTC rather than now(): in a session's time zone an hour may come twice.
const CLOCK = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000"

/** A number that a slot has never had, even after a restore or a failover set it back. */
const NEXT = `greatest(version + 1, ${CLOCK})`

/** Creates every slot from the start: a missing row would look like a table without a version. */
export async function bumpAllSlots<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const rows = Array.from({ length: SLOTS }, (_, slot) => `(${literal(table)}, ${slot}, ${CLOCK})`)
  // In a transaction, because the connection may have autocommit off.
  await db.transaction().execute((trx) =>
    run(
      trx,
      `insert into ${VERSION_TABLE} (table_name, slot, version) values ${rows.join(', ')}
        on duplicate key update version = ${NEXT}`,
    ),
  )
}

/**
 * The statement of a trigger: the writer's own transaction moves the version, in the slot of its connection. It runs for each row. In
 * this form it costs two thirds of an UPDATE followed by a check that the slot existed.
 */
export function bumpOwnSlot(table: string): string {
  return `insert into ${VERSION_TABLE} (table_name, slot, version)
    values (${literal(table)}, connection_id() % ${SLOTS}, ${CLOCK})
    on duplicate key update version = ${NEXT};`
}

/** Sets the token that lets a session change a frozen table, and moves the version. */
export function setToken(table: string, token: string): string {
  return `update ${VERSION_TABLE} set token = ${token}, version = ${NEXT} where ${tokenRow(table)}`
}

export function bumpTokenSlot(table: string): string {
  return `update ${VERSION_TABLE} set version = ${NEXT} where ${tokenRow(table)};`
}

/** The row whose lock a second amend waits for. */
export function tokenRow(table: string): string {
  return `table_name = ${literal(table)} and slot = 0`
}
