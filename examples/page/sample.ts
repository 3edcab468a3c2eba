// The messages between the page's server and its browser modules. Types only, because the browser loads this file too.

export type Level = 'process' | 'request' | 'database'

/** One table's counters, since the service began. */
export interface TableSample {
  /** The number of lookups answered at each level. */
  readonly process: number
  readonly request: number
  readonly database: number
  /** Keys sent to the database: fewer than the lookups that missed, because several may want the same. */
  readonly keys: number
  readonly statements: number
  readonly rowsHeld: number
  /** For a versioned table: the version that was last read, and for how many milliseconds it has been held. */
  readonly version?: number | undefined
  readonly versionAge?: number | undefined
}

/** The state of the service at one moment. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Requests of the traffic generator that were answered since it was created. */
  readonly requests: number
  readonly tables: Readonly<Record<string, TableSample>>
  /** What was sent since the previous sample. */
  readonly batches: readonly BatchSample[]
  /** The tables whose version has moved since then. */
  readonly moves: readonly VersionMove[]
}

/** Keys that went to the server together. */
export interface BatchSample {
  readonly table: string
  readonly keys: number
}

export interface VersionMove {
  readonly table: string
  /** The number of rows of the old version that were dropped. */
  readonly rows: number
}

export interface TableDescription {
  readonly name: string
  readonly mode: 'immutable' | 'versioned'
}

export interface TrafficState {
  readonly running: boolean
  /** The requested number of requests per second. */
  readonly rate: number
  readonly failed: number
}

/** A row that the page changes by plain SQL. */
export interface RowChangeDescription {
  readonly id: string
  readonly table: string
  /** `country FR` */
  readonly row: string
  readonly column: string
}

/** What happened when a row was changed. */
export interface RowChangeResult {
  readonly id: string
  readonly table: string
  readonly sql: string
  readonly before: string
  readonly after: string
  readonly versionBefore: string
  readonly versionAfter: string
  /** Milliseconds from the end of the UPDATE until the service returned the new value. */
  readonly seenAfter: number
  /** Rows of the table that the service held, and dropped. */
  readonly dropped: number
}

export type Way = 'plain' | 'request' | 'process'

/** One way of answering a GraphQL query, and what it cost. */
export interface WayCost {
  readonly way: Way
  readonly statements: number
  readonly milliseconds: number
  /** The statements' texts, each with how often it was sent. */
  readonly texts: readonly { readonly sql: string; readonly count: number }[]
}

export interface QueryCost {
  readonly ways: readonly WayCost[]
  readonly sameAnswer: boolean
}

/** What a newly opened page receives. */
export interface Welcome {
  readonly server: string
  readonly serviceUrl: string
  readonly tables: readonly TableDescription[]
  readonly changes: readonly RowChangeDescription[]
  readonly samples: readonly Sample[]
  readonly traffic: TrafficState
}

/** By the names of the server-sent events. */
export interface LiveEvents {
  readonly welcome: Welcome
  readonly sample: Sample
  readonly traffic: TrafficState
  readonly change: RowChangeResult
  readonly query: QueryCost
}
