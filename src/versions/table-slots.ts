import { type Kysely, sql } from 'kysely'
import { SLOT_COUNTS, SLOTS, SOLE, VERSION_TABLE } from './version-table.ts'

/** What a table has in the version table. */
export interface TableSlots {
  readonly rows: number
  /** The version of the first one. */
  readonly first: number
}

/** What a table has without any. */
export const NO_SLOTS: TableSlots = { rows: 0, first: 0 }

/** Whether these may be all the rows that a table should have. */
export function isComplete({ rows, first }: TableSlots): boolean {
  return rows === 1 ? first >= SOLE : SLOT_COUNTS.some((count) => count === rows)
}

/** What is wrong with a table's rows, of which its triggers write so many, if that is known; undefined if nothing is. */
export function slotsFault(slots: TableSlots, written: number | undefined): string | undefined {
  const { rows, first } = slots
  if (first >= SOLE && (rows > 1 || (written ?? 1) > 1)) {
    return `a row of ${VERSION_TABLE} says that it is the only one, and is not`
  }
  if (isComplete(slots) && rows >= (written ?? 1)) return undefined
  if (rows === 1 && written === 1) return `the row of ${VERSION_TABLE} does not say that it is the only one`
  return `${VERSION_TABLE} has ${rows} of its ${written ?? SLOTS} rows`
}

/**
 * By table name; what has no rows is left out.
 * @param table the only one to be read
 */
export async function readTableSlots(
  db: Kysely<unknown>,
  table?: string,
): Promise<ReadonlyMap<string, TableSlots>> {
  const only = table === undefined ? sql`` : sql`where table_name = ${table}`
  const { rows } = await sql<{ name: string; slots: unknown; first: unknown }>`
    select table_name as name, count(*) as slots, max(if(slot = 0, version, 0)) as first
    from ${sql.ref(VERSION_TABLE)} ${only} group by table_name`.execute(db.withoutPlugins())
  return new Map(rows.map(({ name, slots, first }) => [name, { rows: Number(slots), first: Number(first) }]))
}
