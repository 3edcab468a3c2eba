import type { CacheEvents } from '../diagnostics/cache-events.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { KeyDefinition, TableKeys } from '../keys/key.ts'
import { createGeneration, type Generation, type Hits, NO_HITS } from './generation.ts'

export type CacheModeName = 'immutable' | 'versioned'

/** What a load read: when it began, and at which version. */
export interface Reading {
  readonly epoch: number
  readonly version?: number | undefined
  /** It is of several versions, of which this is the last: none of it may be shared. */
  readonly torn?: boolean | undefined
}

/** What may be read directly; nothing where it may not. */
export interface Readable {
  /** Where no request scope has a say. */
  readonly hits: Hits
  /** Whatever scopes have seen. */
  readonly peeks: Hits
}

/** What there is of a table that the process does not share. */
export const NOTHING_READABLE: Readable = { hits: NO_HITS, peeks: NO_HITS }

/** What the process shares of one table: the generation of the newest version that it has seen. */
export interface ProcessCache extends Readable {
  readonly mode: CacheModeName
  readonly maxRows: number
  /** What hits are read from. Without a version as long as nothing was read (`versioned` tables). */
  readonly current: Generation
  /** Moves when loads under way become out of date whatever version they read. */
  readonly epoch: number
  /** The process never answers from an older version than this. */
  readonly floor: number
  /** Whether hits may not be answered, because versions cannot be verified. */
  readonly refusing: boolean
  /** Begins (1) or ends (-1) that a request scope remembers an absence, which an `immutable` cache must not contradict. */
  contradict(change: 1 | -1): void
  /** The generation that what was read belongs to; undefined where it must not be shared. */
  accept(reading: Reading): Generation | undefined
  /** Takes note of the table's version, read apart from rows. */
  observe(version: number): void
  /** The version was verified: hits are answered. */
  trust(): void
  /** The version could not be verified for too long; hits are answered no more, if `refuse`. */
  distrust(refuse: boolean): void
  /** Starts anew: the table was written by this process, or nobody knows whether it was. */
  drop(): void
}

export interface ProcessCacheOptions {
  readonly mode: CacheModeName
  readonly keys: TableKeys
  readonly maxRows: number
  readonly counters: Counters
  readonly events: CacheEvents
}

/** The members that move are plain properties: hits read them. */
export function createProcessCache(options: ProcessCacheOptions): ProcessCache {
  const { mode, maxRows, counters } = options
  let lower: number | undefined
  /** The epoch since which the floor counts the versions of one server. */
  let restored = 0
  /** Of an immutable table: it moves with an amendment only. */
  let observed: number | undefined

  /** How many request scopes remember an absence. */
  let contradictions = 0

  const shared = { ...options, asked: new Set<KeyDefinition>() }
  const first = createGeneration(shared)
  const cache = {
    mode,
    maxRows,
    current: first,
    hits: first.hits,
    peeks: first.hits,
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
        if (version > cache.floor) open(version)
        return undefined
      }
      return version === cache.current.version ? cache.current : open(version)
    },
    observe(version: number): void {
      if (mode === 'versioned') observeVersioned(version)
      else observeImmutable(version)
    },
    contradict(change: 1 | -1): void {
      contradictions += change
      aim()
    },
    trust(): void {
      cache.refusing = false
      aim()
    },
    distrust(refuse: boolean): void {
      counters.unverified++
      cache.refusing = refuse
      aim()
    },
    drop(): void {
      cache.epoch++
      open(undefined)
    },
  }

  function aim(): void {
    cache.peeks = cache.refusing ? NO_HITS : cache.current.hits
    cache.hits = contradictions > 0 ? NO_HITS : cache.peeks
  }

  function open(version: number | undefined): Generation {
    const left = cache.current
    cache.current = createGeneration({ ...shared, version })
    aim()
    options.events.opened({ version, previous: left.version, rows: counters.rowsHeld })
    counters.generations++
    counters.rowsHeld = 0
    if (version !== undefined) cache.floor = Math.max(cache.floor, version)
    lower = undefined
    return cache.current
  }

  function observeVersioned(version: number): void {
    if (version > cache.floor) open(version)
    else if (version === cache.floor) lower = undefined
    else if (lower === undefined) lower = version
    else {
      // Seen twice, it is no straggler: the table was restored, or another server has taken over.
      cache.floor = version
      restored = ++cache.epoch
      open(version)
    }
  }

  function observeImmutable(version: number): void {
    if (version === observed) return
    // Of what was read before the first look nobody knows whether it has changed since.
    if (observed === undefined && cache.current.isEmpty()) cache.epoch++
    else cache.drop()
    observed = version
  }

  return cache
}
