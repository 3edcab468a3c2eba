import type { TableStats } from 'kysely-lookup'
import type { BatchSample, Sample, TableSample } from './sample.ts'

/** How often the page is told, and for how long it can look back. */
export const INTERVAL = 500
const KEPT = 240

export interface Sampler {
  readonly samples: readonly Sample[]
  stop(): void
}

/** Reads the counters in regular intervals. */
export function startSampler(options: {
  readonly stats: () => Readonly<Record<string, TableStats>>
  readonly names: readonly string[]
  readonly requests: () => number
  readonly sampled: (sample: Sample) => void
}): Sampler {
  const { stats, names, requests, sampled } = options
  const samples: Sample[] = []

  function take(): void {
    const all = stats()
    const tables = Object.fromEntries(names.map((name) => [name, tableSample(all[name]!)]))
    const before = samples.at(-1)
    const batches = before ? batchesBetween(before.tables, tables) : []
    const sample = { at: Date.now(), requests: requests(), tables, batches }
    if (samples.push(sample) > KEPT) samples.shift()
    sampled(sample)
  }

  take()
  const timer = setInterval(take, INTERVAL)
  return { samples, stop: () => clearInterval(timer) }
}

function tableSample({ hits, keysSent, statements, rowsHeld }: TableStats): TableSample {
  return { process: hits, request: 0, database: keysSent, keys: keysSent, statements, rowsHeld }
}

function batchesBetween(
  before: Readonly<Record<string, TableSample>>,
  after: Readonly<Record<string, TableSample>>,
): BatchSample[] {
  return Object.entries(after).flatMap(([table, now]) => {
    const then = before[table]!
    const statements = now.statements - then.statements
    return statements > 0 ? [{ table, keys: (now.keys - then.keys) / statements }] : []
  })
}
