import type { Moment } from '../sample.ts'
import type { Mark } from './plot.ts'

/** Values of some series over time: `values[series][index]` is of `times[index]`. */
export interface Activity {
  /** Milliseconds since 1970. */
  readonly times: readonly number[]
  readonly values: readonly (readonly (number | null)[])[]
}

export function lookupsOf({ process, request, store, database }: Moment): number {
  return process + request + store + database
}

/** The number of moments for a rate: with only one, it would jump between none and two. */
const SMOOTHING = 4

/** Counts per second. */
export function ratesOf(
  moments: readonly Moment[],
  counts: readonly ((moment: Moment) => number)[],
): Activity {
  const later = moments.slice(1)
  const rate = (count: (moment: Moment) => number) =>
    later.map((moment, index) => {
      const before = moments[Math.max(0, index + 1 - SMOOTHING)]!
      return ((count(moment) - count(before)) * 1_000) / Math.max(moment.at - before.at, 1)
    })
  return { times: later.map(({ at }) => at), values: counts.map(rate) }
}

/** The sizes of batches, by series. Several of one moment are side by side, at the same time. */
export function batchesOf(
  moments: readonly Moment[],
  { series, seriesOf }: { readonly series: number; readonly seriesOf: (table: string) => number },
): Activity {
  const times: number[] = []
  const values: (number | null)[][] = Array.from({ length: series }, () => [])
  for (const { at, batches } of moments) {
    for (const { table, keys } of batches) {
      times.push(at)
      const own = seriesOf(table)
      for (const [index, list] of values.entries()) list.push(index === own ? keys : null)
    }
  }
  return { times, values }
}

export function marksOf(moments: readonly Moment[]): Mark[] {
  return moments.flatMap(({ at, moved }) => moved.map((table) => ({ at, text: `${table} changed` })))
}
