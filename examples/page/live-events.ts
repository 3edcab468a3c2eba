// The messages between the page's server and its browser modules. Types only, because the browser loads this file too.

export interface TrafficState {
  readonly running: boolean
  /** The requested number of requests per second. */
  readonly rate: number
  /** Requests that were answered, and that failed, since the generator was created. */
  readonly answered: number
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
  readonly changes: readonly RowChangeDescription[]
  readonly traffic: TrafficState
}

/** By the names of the server-sent events. */
export interface LiveEvents {
  readonly welcome: Welcome
  readonly traffic: TrafficState
  readonly change: RowChangeResult
  readonly query: QueryCost
}
