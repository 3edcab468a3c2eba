import type { Kysely } from 'kysely'
import { showLoadProgress } from './load-progress.ts'

/** A row as the seeds make it; they run before any types are generated from the schema. */
export type SeedRow = Readonly<Record<string, string | number | null>>

/** The database as the seeds know it. */
export type SeedDatabase = Record<string, Record<string, string | number | null>>

export interface TableLoad {
  readonly table: string
  /** The columns of the primary key. */
  readonly key: readonly string[]
  readonly rows: readonly SeedRow[]
  /** How many rows of the source are not among `rows`, by reason. */
  readonly leftOut?: ReadonlyMap<string, number>
}

/** Some thousand rows a statement: well below the servers' default `max_allowed_packet`. */
const batchSize = 2_000

/**
 * Inserts the rows that are not in the table yet, in one transaction, and says what it did.
 *
 * Rows that are there are read and left alone: a frozen table refuses even the no-op of
 * `on duplicate key update`, and `insert ignore` would hide truncated values and missing parents.
 */
export async function loadTable(
  db: Kysely<SeedDatabase>,
  { table, key, rows, leftOut = new Map() }: TableLoad,
): Promise<void> {
  const start = performance.now()
  const progress = showLoadProgress({ table, rows: rows.length })
  try {
    const inserted = await db.transaction().execute(async (trx) => {
      const found = await trx.selectFrom(table).select(key).execute()
      const present = new Set(found.map((row) => identity(row, key)))
      const missing = rows.filter((row) => !present.has(identity(row, key)))
      progress.advance(rows.length - missing.length)
      for (let from = 0; from < missing.length; from += batchSize) {
        const batch = missing.slice(from, from + batchSize)
        await trx.insertInto(table).values(batch).execute()
        progress.advance(batch.length)
      }
      return missing.length
    })
    const seconds = ((performance.now() - start) / 1_000).toFixed(1)
    progress.stop(
      `${table}: ${inserted} inserted, ${rows.length - inserted} there already, ${leftOutText(leftOut)} (${seconds} s)`,
    )
  } catch (error) {
    progress.stop()
    throw error
  }
}

function identity(row: SeedRow, key: readonly string[]): string {
  return JSON.stringify(key.map((column) => row[column]))
}

function leftOutText(leftOut: ReadonlyMap<string, number>): string {
  if (leftOut.size === 0) return '0 left out'
  return [...leftOut].map(([reason, count]) => `${count} left out: ${reason}`).join('; ')
}
