import type { CacheEvents } from '../diagnostics/cache-events.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { TableKeys } from '../keys/key.ts'
import { EMPTY_INDEX, type HeldAnswers, type HitIndex, type Publication } from './generation.ts'

/** What a cache was like when a statement was sent. */
export interface Sending {
  /** It moves when loads under way become out of date, whatever they read. */
  readonly epoch: number
  /** The process never answers from an older version than this. */
  readonly floor: number
  /** When (by `ageNow`) it was sent, where ages matter. */
  readonly sentAt: number
}

/** What a statement has read: when it was sent, and at which version. */
export interface Reading extends Sending {
  readonly version?: number | undefined
  /** The rows are of several versions, and this is the last one: none of them may be shared. */
  readonly torn?: boolean | undefined
}

/** What hits read. Its members are plain properties, because hits are the hot path. */
export interface CacheView {
  /** What is held; empty while hits may not be answered. */
  readonly hits: HitIndex
  /** The same for `peek`, which does not count as asking. */
  readonly peeks: HitIndex
  /**
   * How many request scopes of an `immutable` table have an answer that differs from what the cache holds or may hold later:
   * while there are any, the request's scope is asked before the cache.
   */
  divergedScopes: number
  /** Whether hits may not be answered, because versions cannot be verified. */
  readonly refusing: boolean
}

/** The view of a table that the process does not share. */
export const NOTHING_CACHED: CacheView = {
  hits: EMPTY_INDEX,
  peeks: EMPTY_INDEX,
  divergedScopes: 0,
  refusing: false,
}

/** What the caches of all modes have. */
export interface SharedCache extends CacheView {
  readonly maxRows: number
  /** What is held. */
  readonly current: HeldAnswers
  /** A statement is sent now. */
  send(): Sending
  /** Where what was read may be shared; undefined where it must not be. */
  accept(reading: Reading): Publication | undefined
  /** Stays the same for as long as a statement under way may answer later callers, as a hit could. */
  fence(): unknown
  /** Forgets everything: this process has, or may have, written the table. */
  drop(): void
}

/** What a cache of any mode is made of. */
export interface SharedCacheOptions {
  readonly keys: TableKeys
  readonly maxRows: number
  readonly counters: Counters
  readonly events: CacheEvents
}
