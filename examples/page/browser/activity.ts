import type { Sample, TableSample } from '../sample.ts'
import type { Dot, Mark, Moment } from './plot-data.ts'

/** Sums over all tables. */
export interface Totals {
  readonly process: number
  readonly request: number
  readonly database: number
  readonly lookups: number
  readonly statements: number
  readonly rowsHeld: number
}

export function totalsOf(sample: Sample): Totals {
  const sum = (count: (table: TableSample) => number) =>
    Object.values(sample.tables).reduce((total, table) => total + count(table), 0)
  const process = sum((table) => table.process)
  const request = sum((table) => table.request)
  const database = sum((table) => table.database)
  return {
    process,
    request,
    database,
    lookups: process + request + database,
    statements: sum((table) => table.statements),
    rowsHeld: sum((table) => table.rowsHeld),
  }
}

/** The number of samples for a rate: with only one, it would jump between none and two. */
const SMOOTHING = 4

/** Counts per second. */
export function ratesOf(samples: readonly Sample[], counts: (totals: Totals) => readonly number[]): Moment[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[Math.max(0, index + 1 - SMOOTHING)]!
    const seconds = (sample.at - before.at) / 1_000
    const then = counts(totalsOf(before))
    const values = counts(totalsOf(sample)).map((count, position) => (count - then[position]!) / seconds)
    return { at: sample.at, values }
  })
}

export function marksOf(samples: readonly Sample[]): Mark[] {
  return samples.flatMap(({ at, moves }) => moves.map(({ table }) => ({ at, text: `${table} changed` })))
}

export function batchesOf(samples: readonly Sample[], tables: readonly string[]): Dot[] {
  return samples.flatMap(({ at, batches }) =>
    batches.map(({ table, keys }) => ({ at, series: tables.indexOf(table), value: keys })),
  )
}
