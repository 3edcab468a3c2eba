import type { Execute } from '../database/execute.ts'
import { COUNTERS, STATUS, type System, UPTIME } from './poll-sql.ts'

/** How far (s) the time that a server says to be up may differ from what it said before, and it is the same start of it. */
const UPTIME_TOLERANCE = 5

/** What a server has counted at one time. */
export interface DdlCounters {
  readonly counts: ReadonlyMap<string, number>
  /** When (s, of `performance.now`) the server was started. */
  readonly startedAt: number
}

/** Counters, and when (ms of `performance.now`) the server was asked for them. */
export interface TimedCounters {
  readonly sentAt: number
  readonly counters: DdlCounters
}

/** What began on the server since it was asked last. */
export interface DdlMoves {
  /** An ALTER, which may be one that leaves creation times: IMPORT TABLESPACE, EXCHANGE or TRUNCATE PARTITION. */
  readonly altered: boolean
  readonly truncated: boolean
}

/** Reads the counters; undefined where the server does not show them. */
export async function readCounters(execute: Execute, system: System): Promise<DdlCounters | undefined> {
  for (const status of STATUS[system]) {
    const rows = await execute(status, [])
    const counts = new Map(rows.map(([name, value]) => [String(name), Number(value)]))
    const uptime = counts.get(UPTIME)
    if (uptime === undefined || COUNTERS.some((name) => !counts.has(name))) continue
    counts.delete(UPTIME)
    return { counts, startedAt: performance.now() / 1_000 - uptime }
  }
  return undefined
}

/**
 * Those that another process has read.
 * @param counts in the order of `COUNTERS`
 * @param startedAt in milliseconds of `performance.now`
 */
export function countersFrom(counts: readonly number[], startedAt: number): DdlCounters {
  return {
    counts: new Map(COUNTERS.map((name, index) => [name, counts[index]!])),
    startedAt: startedAt / 1_000,
  }
}

/**
 * What moved; undefined where nothing did. A server that has started again counts from 0: what it has counted since has moved. Another
 * server may have done anything.
 */
export function movesBetween(before: DdlCounters | undefined, now: DdlCounters): DdlMoves | undefined {
  if (!before || now.startedAt < before.startedAt - UPTIME_TOLERANCE)
    return { altered: true, truncated: true }
  const isRestarted =
    now.startedAt > before.startedAt + UPTIME_TOLERANCE ||
    COUNTERS.some((name) => now.counts.get(name)! < before.counts.get(name)!)
  const moved = COUNTERS.filter(
    (name) => now.counts.get(name) !== (isRestarted ? 0 : before.counts.get(name)),
  )
  if (moved.length === 0 && !isRestarted) return undefined
  return { altered: moved.includes('Com_alter_table'), truncated: moved.includes('Com_truncate') }
}
