import type { TableStats } from 'kysely-lookup'
import type { LayerEvents } from './layer-events.ts'
import type { Sample, TableSample } from './sample.ts'

/** How often the page gets a sample, and how far back it can look. */
export const INTERVAL = 500
const KEPT = 240

export interface Sampler {
  readonly samples: readonly Sample[]
  stop(): void
}

/** Reads the counters at regular intervals. */
export function startSampler(options: {
  readonly stats: () => Readonly<Record<string, TableStats>>
  readonly names: readonly string[]
  readonly events: LayerEvents
  readonly requests: () => number
  readonly sampled: (sample: Sample) => void
}): Sampler {
  const { stats, names, events, requests, sampled } = options
  const samples: Sample[] = []

  function take(): void {
    const all = stats()
    const tables = Object.fromEntries(names.map((name) => [name, tableSample(all[name]!)]))
    const sample = { at: Date.now(), requests: requests(), tables, ...events.take() }
    if (samples.push(sample) > KEPT) samples.shift()
    sampled(sample)
  }

  take()
  const timer = setInterval(take, INTERVAL)
  return { samples, stop: () => clearInterval(timer) }
}

function tableSample(stats: TableStats): TableSample {
  const { hits, scopeHits, misses, keysSent, statements, rowsHeld, version, versionAge } = stats
  return {
    ...{ process: hits, request: scopeHits, database: misses },
    ...{ keys: keysSent, statements, rowsHeld, version, versionAge },
  }
}
