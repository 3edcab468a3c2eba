import type { TableStats } from '../diagnostics/stats.ts'
import type { BatchCount, Moment, TableState, Update } from './sample.ts'

/** How many moments are kept for pages that are opened later. */
export const KEPT_MOMENTS = 240
/** How many dots a moment may have: a process can have thousands of tables. */
const MAX_BATCH_COUNTS = 100

type Stats = Readonly<Record<string, TableStats>>

/** How a table is cached, as far as a page shows it. */
export type ShownMode = Pick<TableState, 'mode' | 'maxAge'>

/** Turns the counters of repositories into what pages show, and keeps the last two minutes of it. */
export interface Sampler {
  /** How many samples were taken. */
  readonly taken: number
  take(): void
  /** What is new since as many samples were taken; everything for 0. */
  updateSince(taken: number): Omit<Update, 'process'>
}

export function createSampler(options: {
  readonly stats: () => Stats
  readonly modeOf: (table: string) => ShownMode
}): Sampler {
  const { stats, modeOf } = options
  const moments: Moment[] = []
  /** By table, its state and the sample that it is of. */
  const states = new Map<string, { readonly text: string; readonly state: TableState; readonly at: number }>()
  let taken = 0
  let before: Stats = {}
  let verifiedAge: number | undefined

  function take(): void {
    const now = Date.now()
    const all = stats()
    taken++
    for (const [name, table] of Object.entries(all)) {
      const state = stateOf(name, table, { now, ...modeOf(name) })
      const text = JSON.stringify(state)
      if (states.get(name)?.text !== text) states.set(name, { text, state, at: taken })
    }
    moments.push({ at: now, ...sumsOf(all), ...changesBetween(before, all) })
    if (moments.length > KEPT_MOMENTS) moments.shift()
    verifiedAge = Object.values(all).find((table) => table.verifiedAge !== undefined)?.verifiedAge
    before = all
  }

  return {
    get taken() {
      return taken
    },
    take,
    updateSince(since) {
      const fresh = Math.min(taken - since, moments.length)
      return {
        moments: fresh > 0 ? moments.slice(-fresh) : [],
        tables: [...states.values()].filter(({ at }) => at > since).map(({ state }) => state),
        ...(verifiedAge !== undefined && { verifiedAge: Math.round(verifiedAge) }),
      }
    },
  }
}

function stateOf(name: string, stats: TableStats, { now, ...mode }: ShownMode & { readonly now: number }) {
  const { hits, scopeHits, storeHits, misses, keysSent, statements, failures, rowsHeld, evictions } = stats
  const { version, versionAge } = stats
  return {
    ...{ name, ...mode, process: hits, request: scopeHits, store: storeHits, database: misses },
    ...{ keys: keysSent, statements, failures, rowsHeld, evictions },
    ...(version !== undefined && { version }),
    ...(versionAge !== undefined && { heldSince: Math.round((now - versionAge) / 1_000) }),
  }
}

function sumsOf(stats: Stats): Pick<Moment, 'process' | 'request' | 'store' | 'database' | 'statements'> {
  const sums = { process: 0, request: 0, store: 0, database: 0, statements: 0 }
  for (const { hits, scopeHits, storeHits, misses, statements } of Object.values(stats)) {
    sums.process += hits
    sums.request += scopeHits
    sums.store += storeHits
    sums.database += misses
    sums.statements += statements
  }
  return sums
}

function changesBetween(before: Stats, after: Stats): Pick<Moment, 'batches' | 'moved'> {
  const batches: BatchCount[] = []
  const moved: string[] = []
  for (const [name, table] of Object.entries(after)) {
    const earlier = before[name]
    if (!earlier) continue
    const { version } = table
    if (version !== undefined && earlier.version !== undefined && version !== earlier.version)
      moved.push(name)
    if (table.batches > earlier.batches) batches.push(...batchesBetween(name, earlier, table))
  }
  return { batches: batches.slice(0, MAX_BATCH_COUNTS), moved }
}

function batchesBetween(table: string, before: TableStats, after: TableStats): BatchCount[] {
  const { bounds, counts } = after.batchSizes
  const sizes = counts.flatMap((count, index) => {
    const more = count - before.batchSizes.counts[index]!
    const most = bounds[index] ?? 2 * bounds.at(-1)!
    return more > 0 ? [{ least: (bounds[index - 1] ?? 0) + 1, most, count: more }] : []
  })
  const mean = Math.round((after.keysSent - before.keysSent) / (after.batches - before.batches))
  return sizes.map(({ least, most, count }) => {
    // A batch is counted before its keys are, which may be in the next sample.
    const isMean = sizes.length === 1 && mean >= least && mean <= most
    return { table, keys: isMean ? mean : most, count }
  })
}
