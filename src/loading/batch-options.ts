import type { Counters } from '../diagnostics/stats.ts'
import type { BatchTraceOptions } from './batch-trace.ts'

/** How the batches of one key definition are sent. */
export interface BatchOptions<Answer> extends BatchTraceOptions<Answer> {
  /** How long (ms) a key may take, whatever it waits for. */
  readonly timeout: number
  readonly counters: Counters
  /** More keys than this go in further statements. */
  readonly maxBatchSize: number
  /** How many keys may wait at a time. */
  readonly maxWaiting: number
  /** How many bytes of keys the server accepts in one statement. */
  maxBytes(): number
  /** How many statements may be under way at a time. */
  readonly maxInFlight: number
  /**
   * A value that stays the same for as long as a statement under way may also answer later callers, as a cache would.
   * Omitted if none ever may.
   */
  fence?(): unknown
  /** Whether an answer may be given to callers that asked while it was under way. */
  isShared?(answer: Answer): boolean
}
