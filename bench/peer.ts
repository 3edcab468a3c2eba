/** What a request asks for. A row that is not there is `undefined` or `null`. */
export interface Lookups {
  city(id: number): Promise<unknown>
  cityBySlug?(slug: string): Promise<unknown>
  cityByPosition?(country_code: string, position: number): Promise<unknown>
  country?(code: string): Promise<unknown>
  /** Synchronously, from memory. */
  peekCity?(id: number): unknown
}

/** One way to look rows up: a library as its own documentation recommends it, or code that one writes by hand. */
export interface Peer {
  /** Without a request, where there is such a way. */
  readonly lookups?: Lookups
  /** Runs a request: what it has seen may be remembered for as long as it runs. */
  request<Result>(work: (lookups: Lookups) => Promise<Result>): Promise<Result>
  /** Cities whose keys one caller has in a list, in any order. */
  cities?(ids: readonly number[]): Promise<readonly unknown[]>
  /** Reads cities into what hits are answered from, where looking them up would not. */
  warm?(ids: readonly number[]): Promise<unknown>
  /** Forgets what was read, as a process that has just begun; nothing is left to be verified or compiled. */
  restart?(): Promise<void>
  /** Reads the whole table of cities into the process. */
  preload?(): Promise<unknown>
  /** How many statements it has sent for rows since it began or restarted; polls are none. */
  statements?(): number
  close(): Promise<void>
}

export interface PeerOptions {
  /** Of the database with the data set. */
  readonly url: string
  /** Which of the ways that the library has. */
  readonly variant: string
  /** Rows that the process may have to hold. */
  readonly capacity: number
  /** A store below the process, where the library has such a thing: see `openStore`. */
  readonly store?: string
}

/** A side of a comparison: where its code is and which of its variants is meant. */
export interface Side {
  /** A file of bench/sides or bench/peers, without its ending. */
  readonly module: string
  readonly variant?: string
  readonly store?: string
}

export async function openPeer(side: Side, options: Omit<PeerOptions, 'variant' | 'store'>): Promise<Peer> {
  const { open } = (await import(new URL(`${side.module}.ts`, import.meta.url).href)) as {
    open(options: PeerOptions): Promise<Peer>
  }
  const { variant = '', store } = side
  return open({ ...options, variant, ...(store !== undefined && { store }) })
}
