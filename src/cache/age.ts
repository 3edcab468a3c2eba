/** How long what one statement has read may be answered, in times of `ageNow`. */
export interface Reach {
  /** When the statement was sent. */
  readonly sentAt: number
  /** From when on a hit has it read again. */
  readonly dueAt: number
  /** From when on it is not answered any more. */
  readonly endAt: number
}

/** Something that is held for a time. */
export interface Aging {
  reach: Reach
  /** Whether it is to be read again. */
  due: boolean
}

export interface Lifetime {
  /** Milliseconds from when a statement was sent, for which what it has read is answered. */
  readonly maxAge: number
  /** Milliseconds after which what is asked for is read again in the background; none if it is not. */
  readonly refreshAfter?: number | undefined
}

/** The clock is up to a millisecond late, so that one is taken off. */
export function reachFrom(sentAt: number, { maxAge, refreshAfter }: Lifetime): Reach {
  const endAt = sentAt + maxAge - 1
  return { sentAt, endAt, dueAt: refreshAfter === undefined ? endAt : sentAt + refreshAfter }
}

/** Whether what was read by one statement may be replaced by what the other one has read. */
export function isOlder(one: Reach, other: Reach): boolean {
  return one.sentAt < other.sentAt
}
