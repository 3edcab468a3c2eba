import type { ConfigurationError } from '../errors.ts'
import type { KeyDefinition } from '../keys/key.ts'
import type { ExpiringCache } from './expiring-cache.ts'
import { createGeneration, EMPTY_INDEX, type Generation } from './generation.ts'
import type { Reading, SharedCache, SharedCacheOptions } from './shared-cache.ts'

/** What the process shares of one table. */
export type ProcessCache = FollowedCache | ExpiringCache

export type CacheModeName = ProcessCache['mode']

/** A cache that follows the table's version: it holds the generation of the newest one that the process has seen. */
export interface FollowedCache extends SharedCache {
  readonly mode: 'immutable' | 'versioned'
  /** Of a `versioned` table, without a version until something was read. */
  readonly current: Generation
  /** The newest version that the process knows of, also while it holds nothing: it never answers from an older one. */
  readonly floor: number
  accept(reading: Reading): Generation | undefined
  /** Takes note of the table's version, read apart from rows. */
  observe(version: number): void
  /** When (of `performance.now`) another look tells whether a lower version stands, if one was seen. */
  readonly recheckAt: number | undefined
  /** This process has written the version, where it is known: nothing older is answered from now on. */
  raise(version: number | undefined): void
  /** The version was verified: hits are answered. */
  trust(): void
  /** The version could not be verified for too long; hits are no longer answered, if `refuse`. */
  distrust(refuse: boolean): void
  /** Whether it is {@link distrust} that refuses hits: to requests that have begun, too. */
  readonly distrusted: boolean
  /** Why reads reject; undefined where they do not. */
  readonly refusal: ConfigurationError | undefined
  /** Changes of the table may go unnoticed: hits are not answered, and with a refusal reads reject. */
  suspend(refusal?: ConfigurationError): void
  /** Changes are noticed again. */
  resume(): void
}

export interface ProcessCacheOptions extends SharedCacheOptions {
  readonly mode: FollowedCache['mode']
}

/**
 * For how long (ms) looks have to see nothing but lower versions: a member of a cluster that does not know yet that another one has
 * taken over may answer several looks in a row. Less than the default interval of polls, and than the patience of a read.
 */
const STRAGGLER_TIME = 750

/** The cache of one table whose version is followed, empty. */
export function createProcessCache(options: ProcessCacheOptions): FollowedCache {
  const { mode, maxRows, counters } = options
  /** The epoch in which the table was last restored or moved to another server. Versions read before cannot be compared. */
  let restored = 0
  /** Of an immutable table: it moves with an amendment only. */
  let observed: number | undefined
  let isSuspended = false

  const shared = { ...options, asked: new Set<KeyDefinition>() }
  const first = createGeneration(shared)
  const cache = {
    mode,
    maxRows,
    current: first,
    hits: first.hits,
    peeks: first.hits,
    divergedScopes: 0,
    epoch: 0,
    floor: 0,
    recheckAt: undefined as number | undefined,
    refusing: false,
    distrusted: false,
    send: () => ({ epoch: cache.epoch, floor: cache.floor, sentAt: 0 }),
    accept(reading: Reading): Generation | undefined {
      // What is held of the row may be older, and no version tells.
      if (isSuspended) return undefined
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
    raise(version: number | undefined): void {
      if (mode === 'versioned') cache.floor = Math.max(cache.floor, version ?? 0)
    },
    trust(): void {
      cache.distrusted = false
      refreshView()
    },
    distrust(refuse: boolean): void {
      counters.unverified++
      cache.distrusted = refuse
      refreshView()
    },
    refusal: undefined as ConfigurationError | undefined,
    suspend(refusal?: ConfigurationError): void {
      isSuspended = true
      cache.refusal = refusal
      refreshView()
    },
    resume(): void {
      isSuspended = false
      cache.refusal = undefined
      refreshView()
    },
    fence: () => (cache.refusing ? Number.NaN : cache.current),
    drop(): void {
      cache.epoch++
      startGeneration(undefined)
    },
  }

  function refreshView(): void {
    cache.refusing = cache.distrusted || isSuspended
    cache.hits = cache.refusing ? EMPTY_INDEX : cache.current.hits
    cache.peeks = cache.hits
  }

  function startGeneration(version: number | undefined): Generation {
    const left = cache.current
    cache.current = createGeneration({ ...shared, version })
    refreshView()
    options.events.opened({ version, previous: left.version, rows: counters.rowsHeld })
    counters.generations++
    counters.rowsHeld = 0
    if (version !== undefined) cache.floor = Math.max(cache.floor, version)
    cache.recheckAt = undefined
    return cache.current
  }

  function observeVersioned(version: number): void {
    if (version > cache.floor) startGeneration(version)
    else if (version === cache.floor) cache.recheckAt = undefined
    else if (cache.recheckAt === undefined) cache.recheckAt = performance.now() + STRAGGLER_TIME
    else if (performance.now() >= cache.recheckAt) {
      // It is no straggler: the table was restored, or another server has taken over.
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
