import type { Publication } from '../cache/generation.ts'
import type { ProcessCache } from '../cache/process-cache.ts'
import { coalesce } from '../database/coalesce.ts'
import { withinDeadline } from '../database/deadline.ts'
import type { Server } from '../database/server-features.ts'
import type { RowIdentities } from '../keys/identity.ts'
import type { TableMetadata } from '../metadata.ts'
import { Entry, type Row } from '../rows/row.ts'
import { takeRows } from '../rows/rows-read.ts'
import { type ReadOrigin, type StatementListener, traceTable } from './batch-trace.ts'
import { type Answers, createTableRead } from './lookup.ts'

/** Reads whole tables. */
export interface TableReads {
  /** Every row in primary-key order, of one snapshot; `undefined` where there are more than the cache may hold. */
  all(): Promise<readonly Entry[] | undefined>
  /** The same, also where the process holds it. */
  readAgain(): Promise<readonly Entry[] | undefined>
}

export interface TableReadsOptions {
  readonly table: TableMetadata
  readonly identities: RowIdentities
  readonly origin: ReadOrigin
  /** How long (ms) a read may take, whatever it waits for. */
  readonly timeout: number
  readonly cache?: ProcessCache | undefined
  /** How many rows the table may have (default any). */
  readonly maxRows?: number | undefined
  /** What a statement answers, and where it may be shared. */
  readCurrent(
    read: (server: Server) => Promise<Answers>,
    sending: StatementListener | undefined,
  ): Promise<{ readonly answer: Answers; readonly publication: Publication | undefined }>
  rowOf(values: readonly unknown[], from: number): Row | undefined
}

/** @see TableReads */
export function createTableReads(options: TableReadsOptions): TableReads {
  const { table, identities, origin, timeout, cache, readCurrent, rowOf } = options
  const limit = options.maxRows ?? Number.MAX_SAFE_INTEGER
  const versioned = cache?.mode === 'versioned'
  const readTable = createTableRead({ table, identities, versioned, limit: limit + 1 })

  async function readAll(
    before: Promise<unknown> | undefined,
    sending: StatementListener | undefined,
  ): Promise<readonly Entry[] | undefined> {
    const found = await withinDeadline({ what: table.name, timeout }, async () => {
      await before
      const held = cache?.refusing || !before ? undefined : cache?.current.all()
      return held ?? readCurrent(readTable, sending)
    })
    if (!('answer' in found)) return found
    const { answer, publication } = found
    if (answer.rows.length > limit) return undefined
    const { rows, from } = answer
    const read = { length: rows.length, at: (index: number) => rowOf(rows[index]!, from) }
    return publication?.publishAll(read) ?? takeRows(read).map((row) => new Entry(row))
  }

  return {
    all: coalesce((before) => traceTable(table.name, origin, (sending) => readAll(before, sending))),
    readAgain: () => traceTable(table.name, origin, (sending) => readAll(undefined, sending)),
  }
}
