import type { Sample, TableSample } from '../sample.ts'
import type { Dot, Moment } from './plot-data.ts'

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

/** What was counted between samples, as counts per second. */
export function ratesOf(samples: readonly Sample[], counts: (totals: Totals) => readonly number[]): Moment[] {
  return samples.slice(1).map((sample, index) => {
    const before = samples[index]!
    const seconds = (sample.at - before.at) / 1_000
    const then = counts(totalsOf(before))
    const values = counts(totalsOf(sample)).map((count, position) => (count - then[position]!) / seconds)
    return { at: sample.at, values }
  })
}

export function batchesOf(samples: readonly Sample[], tables: readonly string[]): Dot[] {
  return samples.flatMap(({ at, batches }) =>
    batches.map(({ table, keys }) => ({ at, series: tables.indexOf(table), value: keys })),
  )
}
