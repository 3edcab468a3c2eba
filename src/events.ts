/** What happened to one table's reads since the repositories were made. */
export interface TableStats {
  /** Answers from the process-wide cache. */
  readonly hits: number
  /** Keys that were sent to the server. */
  readonly keysSent: number
  /** Statements that were sent to the server. */
  readonly statements: number
  /** Sent keys that no row has. */
  readonly absences: number
  /** Statements that failed. */
  readonly failures: number
  /** Rows that the process-wide cache holds now. */
  readonly rowsHeld: number
  /** Rows that the cache dropped to keep its bound. */
  readonly evictions: number
  /** How often the process-wide cache started anew, because the table's version moved or a commit was made. */
  readonly generations: number
}

/** The same, while it is being counted. */
export type Counters = { -readonly [name in keyof TableStats]: TableStats[name] }

export function createCounters(): Counters {
  return {
    hits: 0,
    keysSent: 0,
    statements: 0,
    absences: 0,
    failures: 0,
    rowsHeld: 0,
    evictions: 0,
    generations: 0,
  }
}
