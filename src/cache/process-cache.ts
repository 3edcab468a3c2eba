import type { CacheEvents } from '../diagnostics/cache-events.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { KeyDefinition, TableKeys } from '../keys/key.ts'
import { createGeneration, EMPTY_INDEX, type Generation, type HitIndex } from './generation.ts'

export type CacheModeName = 'immutable' | 'versioned'

/** What a load read: when it began, and at which version. */
export interface Reading {
  readonly epoch: number
  readonly version?: number | undefined
  /** The rows are of several versions, the last of which this is: none of them may be shared. */
  readonly torn?: boolean | undefined
}

/** What hits read. Its members are plain properties, for hits are the hot path. */
export interface CacheView {
  /** What is held; empty while hits may not be answered. */
  readonly hits: HitIndex
  /**
   * How many request scopes of an `immutable` table were answered something else than the cache holds or may hold
   * later: while there are any, the request's scope is consulted before the cache.
   */
  divergedScopes: number
}

/** The view of a table that the process does not share. */
export const NOTHING_CACHED: CacheView = { hits: EMPTY_INDEX, divergedScopes: 0 }

/** What the process shares of one table: the generation of the newest version that it has seen. */
export interface ProcessCache extends CacheView {
  readonly mode: CacheModeName
  readonly maxRows: number
  /** What is held. Of a `versioned` table, without a version until something was read. */
  readonly current: Generation
  /** Moves when loads under way become out of date, whatever version they read. */
  readonly epoch: number
  /** The process never answers from an older version than this. */
  readonly floor: number
  /** Whether hits may not be answered, because versions cannot be verified. */
  readonly refusing: boolean
  /** The generation that what was read belongs to; undefined where it must not be shared. */
  accept(reading: Reading): Generation | undefined
  /** Takes note of the table's version, read apart from rows. */
  observe(version: number): void
  /** The version was verified: hits are answered. */
  trust(): void
  /** The version could not be verified for too long; hits are no longer answered, if `refuse`. */
  distrust(refuse: boolean): void
  /** Starts a new generation: the table was written by this process, or nobody knows whether it was. */
  drop(): void
}

export interface ProcessCacheOptions {
  readonly mode: CacheModeName
  readonly keys: TableKeys
  readonly maxRows: number
  readonly counters: Counters
  readonly events: CacheEvents
}

/** The cache of one table, empty. */
export function createProcessCache(options: ProcessCacheOptions): ProcessCache {
  const { mode, maxRows, counters } = options
  /** A version below the floor that one look has seen. */
  let lower: number | undefined
  /** The epoch in which the table was last restored or moved to another server. Versions read before cannot be compared. */
  let restored = 0
  /** Of an immutable table: it moves with an amendment only. */
  let observed: number | undefined

  const shared = { ...options, asked: new Set<KeyDefinition>() }
  const first = createGeneration(shared)
  const cache = {
    mode,
    maxRows,
    current: first,
    hits: first.hits,
    divergedScopes: 0,
    epoch: 0,
    floor: 0,
    refusing: false,
    accept(reading: Reading): Generation | undefined {
      const outdated = reading.epoch !== cache.epoch || reading.torn
      if (mode === 'immutable') return outdated ? undefined : cache.current
      const { version } = reading
      if (version === undefined || version < cache.floor || reading.epoch < restored) return undefined
      if (outdated) {
        // Its callers see the newer version, so that nobody may be answered from an older one after them.
        if (version > cache.floor) startGeneration(version)
        return undefined
      }
      return version === cache.current.version ? cache.current : startGeneration(version)
    },
    observe(version: number): void {
      if (mode === 'versioned') observeVersioned(version)
      else observeImmutable(version)
    },
    trust(): void {
      cache.refusing = false
      refreshView()
    },
    distrust(refuse: boolean): void {
      counters.unverified++
      cache.refusing = refuse
      refreshView()
    },
    drop(): void {
      cache.epoch++
      startGeneration(undefined)
    },
  }

  function refreshView(): void {
    cache.hits = cache.refusing ? EMPTY_INDEX : cache.current.hits
  }

  function startGeneration(version: number | undefined): Generation {
    const left = cache.current
    cache.current = createGeneration({ ...shared, version })
    refreshView()
    options.events.opened({ version, previous: left.version, rows: counters.rowsHeld })
    counters.generations++
    counters.rowsHeld = 0
    if (version !== undefined) cache.floor = Math.max(cache.floor, version)
    lower = undefined
    return cache.current
  }

  function observeVersioned(version: number): void {
    if (version > cache.floor) startGeneration(version)
    else if (version === cache.floor) lower = undefined
    else if (lower === undefined) lower = version
    else {
      // Seen twice, it is no straggler: the table was restored, or another server has taken over.
      cache.floor = version
      restored = ++cache.epoch
      startGeneration(version)
    }
  }

  function observeImmutable(version: number): void {
    if (version === observed) return
    // What was read before the first look may have changed since; there is no way to tell.
    if (observed === undefined && cache.current.isEmpty()) cache.epoch++
    else cache.drop()
    observed = version
  }

  return cache
}
