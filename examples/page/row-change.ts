import { setTimeout } from 'node:timers/promises'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import type { RowChangeDescription, RowChangeResult } from './live-events.ts'

/** A row that is changed back and forth. */
interface ChangeableRow extends RowChangeDescription {
  readonly key: { readonly column: string; readonly value: string }
  /** The other value. */
  readonly other: string
}

const ROWS: readonly ChangeableRow[] = [
  {
    id: 'country',
    table: 'country',
    row: 'France',
    column: 'capital',
    key: { column: 'code', value: 'FR' },
    other: 'Lyon',
  },
  {
    id: 'currency',
    table: 'currency',
    row: 'EUR',
    column: 'name',
    key: { column: 'code', value: 'EUR' },
    other: 'European currency',
  },
  {
    id: 'language',
    table: 'language',
    row: 'deu',
    column: 'native_name',
    key: { column: 'code', value: 'deu' },
    other: 'deutsche Sprache',
  },
  {
    id: 'time_zone',
    table: 'time_zone',
    row: 'Europe/Paris',
    column: 'alternative_name',
    key: { column: 'name', value: 'Europe/Paris' },
    other: 'Romance Time',
  },
]

/** How the watched service responds. */
export interface Watched {
  /** The row's value as the service returns it now. */
  valueOf(table: string, key: string, column: string): Promise<unknown>
  rowsHeld(table: string): number
}

/** Changes rows by plain SQL, on a connection of its own, and measures when the service follows. */
export interface RowChanger extends AsyncDisposable {
  readonly descriptions: readonly RowChangeDescription[]
  /** Undefined if there is no such row. */
  change(id: string): Promise<RowChangeResult | undefined>
}

/** Far longer than the service's poll takes: beyond it, something is wrong. */
const LONGEST_WAIT = 20_000

export async function openRowChanger(options: {
  readonly databaseUrl: string
  readonly watched: Watched
}): Promise<RowChanger> {
  const { databaseUrl, watched } = options
  const connection = await createConnection({ uri: databaseUrl, charset: 'utf8mb4' })
  const originals = new Map<ChangeableRow, string>()
  let last: Promise<unknown> = Promise.resolve()

  const updateText = ({ table, key, column }: ChangeableRow, value: string) =>
    connection.format('update ?? set ?? = ? where ?? = ?', [table, column, value, key.column, key.value])

  async function run(row: ChangeableRow): Promise<RowChangeResult> {
    const { id, table, key, column, other } = row
    const answered = async () => String(await watched.valueOf(table, key.value, column))
    const before = await answered()
    if (!originals.has(row)) originals.set(row, before)
    const after = before === other ? originals.get(row)! : other
    const sql = updateText(row, after)
    const dropped = watched.rowsHeld(table)
    const versionBefore = await readVersion(connection, table)
    await connection.query(sql)
    const start = performance.now()
    const versionAfter = await readVersion(connection, table)
    while ((await answered()) !== after) {
      if (performance.now() - start > LONGEST_WAIT) {
        throw new Error(`the service still answers ${before} after ${LONGEST_WAIT / 1_000} s`)
      }
      await setTimeout(10)
    }
    const seenAfter = performance.now() - start
    return { id, table, sql, before, after, versionBefore, versionAfter, seenAfter, dropped }
  }

  return {
    descriptions: ROWS.map(({ id, table, row, column }) => ({ id, table, row, column })),
    change(id) {
      const row = ROWS.find((one) => one.id === id)
      if (!row) return Promise.resolve(undefined)
      const change = last.then(() => run(row))
      last = change.catch(() => {})
      return change
    },
    /** Restores what was changed, because the database may be the user's own. */
    async [Symbol.asyncDispose]() {
      await last
      for (const [row, original] of originals) await connection.query(updateText(row, original))
      await connection.end()
    },
  }
}

async function readVersion(connection: Connection, table: string): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'select cast(sum(version) as char) version from lookup_version where table_name = ?',
    [table],
  )
  return String(rows[0]?.version)
}
