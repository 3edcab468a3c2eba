import type { Kysely } from 'kysely'
import { isComplete } from '../versions/table-slots.ts'
import { CLOCK_LIMIT, SLOTS, type SlotCount, VERSION_TABLE } from '../versions/version-table.ts'
import { literal, run } from './server-statement.ts'
import { arranged, isSole, type SlotVersions } from './slot-arrangement.ts'

// UTC rather than now(): in a session's time zone an hour may come twice.
const CLOCK = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000"

/** A number that a slot has never had, even after a restore or a failover set it back. */
const NEXT = `greatest(version + 1, version div ${CLOCK_LIMIT} * ${CLOCK_LIMIT} + ${CLOCK})`

/** The same as version 0.1 makes it, for rows that took nothing over. */
const NEXT_AS_BEFORE = `greatest(version + 1, ${CLOCK})`

/** Moves the version of a table by all its rows. */
export async function bumpAllSlots<DB>(db: Kysely<DB>, table: string): Promise<void> {
  // In a transaction, because the connection may have autocommit off.
  await db
    .transaction()
    .execute((trx) => run(trx, `update ${VERSION_TABLE} set version = ${NEXT} where ${rowsOf(table)}`))
}

/** How many rows the table has; the default if that is not known. */
export async function slotCountOf<DB>(db: Kysely<DB>, table: string): Promise<SlotCount> {
  const rows = await run<{ slot: number; version: string }>(
    db,
    `select slot, cast(version as char) as version from ${VERSION_TABLE} where ${rowsOf(table)}`,
  )
  const first = Number(rows.find(({ slot }) => Number(slot) === 0)?.version ?? 0)
  return isComplete({ rows: rows.length, first }) ? (rows.length as SlotCount) : SLOTS
}

/**
 * Before triggers change: creates each row that those of so many slots write, for a missing one would look like a table without a version.
 * None says any more that it is the only one, unless one is all there is, and is to be.
 */
export async function openSlots<DB>(db: Kysely<DB>, table: string, slots: SlotCount): Promise<void> {
  await arrange(db, table, (present) => ({
    slots: [...new Set([...first(slots), ...present.keys()])],
    sole: slots === 1 && present.size === 1 && isSole(present),
  }))
}

/** After all triggers have changed: removes the rows that none of them writes. A lone one says so from now on. */
export async function closeSlots<DB>(db: Kysely<DB>, table: string, slots: SlotCount): Promise<void> {
  await arrange(db, table, () => ({ slots: first(slots), sole: slots === 1 }))
}

function first(slots: SlotCount): readonly number[] {
  return Array.from({ length: slots }, (_, slot) => slot)
}

/** In one transaction, so that readers see the version of before or a higher one. */
async function arrange<DB>(
  db: Kysely<DB>,
  table: string,
  plan: (present: SlotVersions) => { readonly slots: readonly number[]; readonly sole: boolean },
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const rows = await run<Record<'slot' | 'version', unknown>>(
      trx,
      `select slot, cast(version as char) as version from ${VERSION_TABLE} where ${rowsOf(table)} order by slot for update`,
    )
    const present = new Map(rows.map(({ slot, version }) => [Number(slot), BigInt(String(version))]))
    const [clock] = await run<{ now: unknown }>(trx, `select cast(${CLOCK} as char) as now`)
    const next = arranged(present, { now: BigInt(String(clock?.now)), ...plan(present) })
    const values = Array.from(next, ([slot, version]) => `(${literal(table)}, ${slot}, ${version})`)
    await run(
      trx,
      `insert into ${VERSION_TABLE} (table_name, slot, version) values ${values.join(', ')}
        on duplicate key update version = values(version)`,
    )
    const gone = [...present.keys()].filter((slot) => !next.has(slot))
    if (gone.length === 0) return
    await run(trx, `delete from ${VERSION_TABLE} where ${rowsOf(table)} and slot in (${gone.join(', ')})`)
  })
}

/**
 * The statement of a trigger: the writer's own transaction moves the version, in the slot of its connection. It runs for each row. In
 * this form it costs two thirds of an UPDATE followed by a check that the slot existed.
 */
export function bumpOwnSlot(table: string, slots: SlotCount, next = NEXT): string {
  return `insert into ${VERSION_TABLE} (table_name, slot, version)
    values (${literal(table)}, ${slots === 1 ? 0 : `connection_id() % ${slots}`}, ${CLOCK})
    on duplicate key update version = ${next};`
}

/** The same as version 0.1 made it. */
export function bumpOwnSlotAsBefore(table: string): string {
  return bumpOwnSlot(table, SLOTS, NEXT_AS_BEFORE)
}

/** How many slots a trigger with this body moves, one of which is that of the connection. */
export function slotsWrittenBy(body: string): number {
  return Number(/connection_id\(\) % (\d+)/.exec(body)?.[1] ?? 1)
}

/** Sets the token that lets a session change a frozen table, and moves the version. */
export function setToken(table: string, token: string): string {
  return `update ${VERSION_TABLE} set token = ${token}, version = ${NEXT} where ${tokenRow(table)}`
}

export function bumpTokenSlot(table: string): string {
  return `update ${VERSION_TABLE} set version = ${NEXT_AS_BEFORE} where ${tokenRow(table)};`
}

/** The row whose lock a second amend waits for. */
export function tokenRow(table: string): string {
  return `${rowsOf(table)} and slot = 0`
}

function rowsOf(table: string): string {
  return `table_name = ${literal(table)}`
}
