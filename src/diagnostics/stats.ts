/**
 * The number of batches by size, as a histogram.
 *
 * @example
 * ```ts
 * const { bounds, counts } = repos.$stats().country.batchSizes
 * bounds.forEach((bound, index) => console.log(`up to ${bound} keys: ${counts[index]} batches`))
 * ```
 */
export interface BatchSizes {
  /** Inclusive upper bounds, in keys, ascending. */
  readonly bounds: readonly number[]
  /** The number of batches within each bound and above the one before. The last count is for larger batches. */
  readonly counts: readonly number[]
}

/**
 * What happened to the reads of one table since the repositories were created, and what is held of it now. All numbers only
 * grow, except for what is held, `scopes`, and the ages.
 *
 * @example
 * ```ts
 * const { hits, scopeHits, misses } = repos.$stats().country
 * console.log(`answered without the server: ${(hits + scopeHits) / (hits + scopeHits + misses)}`)
 * ```
 */
export interface TableStats {
  /** Keys and lists that the process-wide cache answered, absences included. `peek` and `all` do not count. */
  readonly hits: number
  /** Keys and lists that the request had already asked for. */
  readonly scopeHits: number
  /** Calls that no cache could answer. Calls for one key at one time send it once. */
  readonly misses: number
  /** Keys sent to the server. */
  readonly keysSent: number
  /** How often keys were sent. */
  readonly batches: number
  /** Batches by the number of keys they sent. */
  readonly batchSizes: BatchSizes
  /** Lookup statements sent to the server. */
  readonly statements: number
  /** Keys sent that no row has. */
  readonly absences: number
  /** Lookups that failed. */
  readonly failures: number
  /** Rows in the process-wide cache now; of an `expiring` table also expired ones, until they are read again or evicted. */
  readonly rowsHeld: number
  /** Other keys and spellings that lead to these rows. */
  readonly aliasesHeld: number
  /** Keys that are known to have no row. */
  readonly absencesHeld: number
  /** `findAllBy` lists in the process-wide cache now. */
  readonly listsHeld: number
  /** Rows evicted to keep within `maxRows`. */
  readonly evictions: number
  /** How often the cache started a new generation, because the table's version moved or this process wrote. */
  readonly generations: number
  /** How often an `expiring` table was read in the background, because of `refreshAfter`. */
  readonly refreshes: number
  /** How many of these refreshes failed. */
  readonly refreshFailures: number
  /** Keys and lists that the store answered, absences included. */
  readonly storeHits: number
  /** Keys and lists that the store was asked for and did not have. */
  readonly storeMisses: number
  /** Entries written to the store. */
  readonly storeWrites: number
  /** How often the store failed, or entries were not written because too many waited. */
  readonly storeFailures: number
  /** Scopes that remember something of the table now: requests, transactions, and explicit ones still in use. */
  readonly scopes: number
  /** How often the table's version could not be verified for `maxUnverified` ms. */
  readonly unverified: number
  /** How often the doorbell rang for this process; the same number for every table. */
  readonly rings: number
  /** How often the doorbell began to hear nothing; the same number for every table. */
  readonly doorbellOutages: number
  /** The version held of a `versioned` table; `undefined` before the first read, and after a write by this process. */
  readonly version: number | undefined
  /** Milliseconds for which this process has held that version. */
  readonly versionAge: number | undefined
  /** Milliseconds since a poll last verified the versions of cached tables; `undefined` before the first poll. */
  readonly verifiedAge: number | undefined
}

/**
 * Anything with counters by table, such as repositories.
 *
 * @example
 * ```ts
 * const source: StatsSource = repos
 * ```
 */
export interface StatsSource {
  /**
   * Returns the counters of each table. Never throws.
   *
   * @example
   * ```ts
   * const { hits } = repos.$stats().country
   * ```
   */
  $stats(): Readonly<Record<string, TableStats>>
}

/** What is computed when statistics are asked for. */
type Computed =
  | 'batchSizes'
  | 'aliasesHeld'
  | 'absencesHeld'
  | 'listsHeld'
  | 'version'
  | 'versionAge'
  | 'verifiedAge'
  | 'rings'
  | 'doorbellOutages'

/** What is counted for one table. */
export type Counters = { -readonly [Name in Exclude<keyof TableStats, Computed>]: number } & {
  /** Batches by the position of their bound; those of more keys come last. */
  readonly batchesBySize: number[]
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
    refreshes: 0,
    refreshFailures: 0,
    storeHits: 0,
    storeMisses: 0,
    storeWrites: 0,
    storeFailures: 0,
    scopes: 0,
    unverified: 0,
  }
}

/** What statistics are computed from. Times are those of `performance.now`. */
export interface CountedTable {
  readonly counters: Counters
  readonly generation:
    | {
        readonly version: number | undefined
        held(): { readonly aliases: number; readonly absences: number; readonly lists: number }
      }
    | undefined
  /** When the process first held its version. */
  readonly since: number
  /** When its version was last verified, if it is followed. */
  readonly verifiedAt: number | undefined
  readonly doorbell: Pick<TableStats, 'rings' | 'doorbellOutages'>
}

/** A copy that no longer changes. */
export function statsOf({ counters, generation, since, verifiedAt, doorbell }: CountedTable): TableStats {
  const { batchesBySize, ...counted } = counters
  const { aliases = 0, absences = 0, lists = 0 } = generation?.held() ?? {}
  const version = generation?.version
  const now = performance.now()
  return {
    ...counted,
    ...doorbell,
    batchSizes: { bounds: BATCH_SIZE_BOUNDS, counts: [...batchesBySize] },
    aliasesHeld: aliases,
    absencesHeld: absences,
    listsHeld: lists,
    version,
    versionAge: version === undefined ? undefined : now - since,
    verifiedAge: verifiedAt === undefined ? undefined : now - verifiedAt,
  }
}
