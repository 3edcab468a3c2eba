/** How long what one statement has read may be answered, in times of `ageNow`. */
export interface Reach {
  /** When the statement was sent. */
  readonly sentAt: number
  /** When hits begin to have it read again. */
  readonly dueAt: number
  /** When it stops being answered. */
  readonly endAt: number
}

/** Something that is held for a time. */
export interface Aging {
  reach: Reach
  /** Whether it is to be read again. */
  due: boolean
}

export interface Lifetime {
  /** How long (ms) after a statement was sent its rows are answered. */
  readonly maxAge: number
  /** Milliseconds after which a hit has its row read again in the background; none if that never happens. */
  readonly refreshAfter?: number | undefined
}

/** The clock may be a millisecond late, so one is subtracted. */
export function reachFrom(sentAt: number, { maxAge, refreshAfter }: Lifetime): Reach {
  const endAt = sentAt + maxAge - 1
  return { sentAt, endAt, dueAt: refreshAfter === undefined ? endAt : sentAt + refreshAfter }
}

/** Whether what was read by one statement may be replaced by what the other one has read. */
export function isOlder(one: Reach, other: Reach): boolean {
  return one.sentAt < other.sentAt
}
