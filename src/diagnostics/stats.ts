/** What is counted of one table's reads, from when the repositories were made. It only grows, but for two of them. */
export interface Counters {
  /** Keys and lists that the process-wide cache answered, absences included; not those of `peek` and `all`. */
  hits: number
  /** Keys and lists that the request had asked for already. */
  scopeHits: number
  /** Calls that no cache could answer. Those for one key at one time are sent once. */
  misses: number
  /** Keys that were sent to the server. */
  keysSent: number
  /** How often keys were sent. */
  batches: number
  /** By the position of the bound that they are within, batches; those of more keys come last. */
  readonly batchesBySize: number[]
  /** Statements that were sent to the server. */
  statements: number
  /** Sent keys that no row has. */
  absences: number
  /** Statements that failed. */
  failures: number
  /** Rows that the process-wide cache holds now. */
  rowsHeld: number
  /** Rows that the cache dropped to keep its bound. */
  evictions: number
  /** How often the process-wide cache started anew, because the table's version moved or a commit was made. */
  generations: number
  /** Scopes that remember something of the table now: requests, transactions, and explicit ones still in use. */
  scopes: number
  /** How often the table's version could not be verified for `maxUnverified` ms. */
  unverified: number
}

/** How many batches were of which size, as a histogram. */
export interface BatchSizes {
  /** Upper bounds (keys, included), ascending. */
  readonly bounds: readonly number[]
  /** How many batches are within each bound and above the one before; one more for those above all. */
  readonly counts: readonly number[]
}

/** What happened to one table's reads since the repositories were made, and what is held of it now. */
export interface TableStats extends Readonly<Omit<Counters, 'batchesBySize'>> {
  /** Batches by how many keys they sent. */
  readonly batchSizes: BatchSizes
  /** Other keys and spellings that lead to the rows held. */
  readonly aliasesHeld: number
  /** Keys that are known to have no row. */
  readonly absencesHeld: number
  /** Answers of `findAllBy` that are held. */
  readonly listsHeld: number
  /** Of a `versioned` table, the version that is held; undefined until one was read, and after a write of this process. */
  readonly version: number | undefined
  /** Milliseconds since this process has held that version. */
  readonly versionAge: number | undefined
  /** Milliseconds since a poll has last verified the versions of cached tables; undefined before the first one. */
  readonly verifiedAge: number | undefined
}

/** Keys in a batch: the bounds of {@link BatchSizes}. */
export const BATCH_SIZE_BOUNDS: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000]

export function createCounters(): Counters {
  return {
    hits: 0,
    scopeHits: 0,
    misses: 0,
    keysSent: 0,
    batches: 0,
    batchesBySize: new Array<number>(BATCH_SIZE_BOUNDS.length + 1).fill(0),
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

export function countBatch(counters: Counters, keys: number): void {
  const within = BATCH_SIZE_BOUNDS.findIndex((bound) => keys <= bound)
  counters.batches++
  counters.batchesBySize[within === -1 ? BATCH_SIZE_BOUNDS.length : within]!++
}

/** What statistics are made of. Times are of `performance.now`. */
export interface StatsSource {
  readonly counters: Counters
  readonly generation:
    | {
        readonly version: number | undefined
        held(): { readonly aliases: number; readonly absences: number; readonly lists: number }
      }
    | undefined
  /** When its version was first held. */
  readonly since: number
  readonly verifiedAt: number | undefined
}

/** A copy that does not change any more. */
export function statsOf({ counters, generation, since, verifiedAt }: StatsSource): TableStats {
  const { batchesBySize, ...counted } = counters
  const { aliases = 0, absences = 0, lists = 0 } = generation?.held() ?? {}
  const version = generation?.version
  const now = performance.now()
  return {
    ...counted,
    batchSizes: { bounds: BATCH_SIZE_BOUNDS, counts: [...batchesBySize] },
    aliasesHeld: aliases,
    absencesHeld: absences,
    listsHeld: lists,
    version,
    versionAge: version === undefined ? undefined : now - since,
    verifiedAge: generation && verifiedAt !== undefined ? now - verifiedAt : undefined,
  }
}
