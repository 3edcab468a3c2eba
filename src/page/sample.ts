// The messages to browsers. Types only, because the browser's modules import this file too.

/** The sums over all tables at one moment, since the repositories were created. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Lookups by the level that answered them. */
  readonly process: number
  readonly request: number
  readonly store: number
  readonly database: number
  readonly statements: number
  /** What was sent since the moment before. */
  readonly batches: readonly BatchCount[]
  /** The names of the tables whose version has moved since then. */
  readonly moved: readonly string[]
}

/** Batches of one table and of about one size. */
export interface BatchCount {
  readonly table: string
  /** Exact, if all batches of the table had about this size; else the upper bound of their sizes. */
  readonly keys: number
  readonly count: number
}

/** The state of one table; counts are those since the repositories were created. */
export interface TableState {
  readonly name: string
  readonly mode: 'immutable' | 'versioned' | 'expiring' | 'request'
  /** For an expiring table, in milliseconds. */
  readonly maxAge?: number
  /** Lookups by the level that answered them. */
  readonly process: number
  readonly request: number
  readonly store: number
  readonly database: number
  /** Keys sent. Several lookups that missed may have sent one. */
  readonly keys: number
  readonly statements: number
  readonly failures: number
  readonly rowsHeld: number
  readonly evictions: number
  readonly version?: number
  /** Since when the version has been held, in seconds since 1970. */
  readonly heldSince?: number
}

/** What a page receives: first everything, and then what is new. */
export interface Update {
  /** Which process it comes from; with everything. */
  readonly process?: string
  readonly moments: readonly Moment[]
  /** The tables that have changed. */
  readonly tables: readonly TableState[]
  /** Milliseconds since a poll last verified the versions of tables; none before the first poll. */
  readonly verifiedAge?: number
}
