import { channel } from 'node:diagnostics_channel'

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
  /** Scopes that remember something of the table now: requests, transactions, and explicit ones still in use. */
  readonly scopes: number
  /** How often the table's version could not be verified for `maxUnverified` ms. */
  readonly unverified: number
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
    scopes: 0,
    unverified: 0,
  }
}

/** What a subscriber of {@link unverifiedChannel} is told. */
export interface UnverifiedMessage {
  /** The versioned tables, by their names in the database. */
  readonly tables: readonly string[]
  /** Whether their cached rows are refused from now on, or served all the same. */
  readonly refusing: boolean
}

/** Published once when versions could not be verified for `maxUnverified` ms. */
export const unverifiedChannel = channel('kysely-lookup:unverified')
