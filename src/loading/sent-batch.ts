import type { WaitingKeys } from './asker.ts'

/**
 * How long (ms) keys wait for the statement before theirs. It is far above a round trip: only a stuck connection
 * takes that long, and the keys behind it then go out on another one.
 */
export const GATHER_LIMIT = 50

/** A statement under way. */
export interface SentBatch<Answer> {
  /** As it was when it was sent. */
  readonly fence: unknown
  readonly since: number
  readonly keys: WaitingKeys<Answer>
}

export function isSlow({ since }: { readonly since: number }): boolean {
  return performance.now() - since >= GATHER_LIMIT
}
