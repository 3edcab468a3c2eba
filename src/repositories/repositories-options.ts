import type { Kysely } from 'kysely'
import type { StatementForm } from '../database/server-features.ts'
import type { TablesMetadata } from '../metadata.ts'
import type { Store } from '../store/store.ts'
import type { VersionOptions } from '../versions/version-watch.ts'

/**
 * How the process caches a table.
 *
 * - `'immutable'`: rows never change, though new ones may be added. They are kept for the life of the process.
 * - `'versioned'`: rows, absences and lists are kept until the table's version moves. Needs `trackVersion`.
 * - `'expiring'`: rows, absences and lists are kept for `maxAge` milliseconds. For tables without triggers.
 *
 * `maxRows` bounds the rows that are kept of the table, and likewise its absences and the rows in its lists (default 200,000).
 *
 * @example
 * ```ts
 * const currency: CacheMode = { mode: 'versioned', maxRows: 1_000 }
 * ```
 */
export type CacheMode =
  | 'immutable'
  | 'versioned'
  | {
      /** The mode. */
      readonly mode: 'immutable' | 'versioned'
      /** The maximum number of rows (default 200,000). */
      readonly maxRows?: number
    }
  | ExpiringCacheMode

/**
 * How the process caches a table that has no triggers.
 *
 * @example
 * ```ts
 * const rate: ExpiringCacheMode = { mode: 'expiring', maxAge: 60_000, refreshAfter: 30_000 }
 * ```
 */
export interface ExpiringCacheMode {
  /** The mode. */
  readonly mode: 'expiring'
  /** Milliseconds for which what a statement has read is served, counted from when it was sent. Requests keep what they have seen. */
  readonly maxAge: number
  /**
   * Milliseconds after which what is asked for again is read again in the background, while what is held is still served. Less than
   * `maxAge` (default: nothing is read in the background).
   */
  readonly refreshAfter?: number
  /** The maximum number of rows (default 200,000). */
  readonly maxRows?: number
}

/**
 * The cache mode of each table that the process caches.
 *
 * @example
 * ```ts
 * const cache: CacheModes<typeof tables> = { city: 'immutable', country: 'versioned' }
 * ```
 */
export type CacheModes<Tables> = { readonly [Name in keyof Tables]?: CacheMode }

/**
 * The options of `createRepositories`.
 *
 * @example
 * ```ts
 * createRepositories({ db, tables, cache: { country: 'versioned' }, timeout: 2_000 })
 * ```
 */
export interface RepositoriesOptions<
  DB,
  Tables extends TablesMetadata,
  Cache extends CacheModes<Tables> = CacheModes<Tables>,
> {
  /**
   * A database from `createDatabase`. Other Kysely instances are refused, and so is one that is bound to a connection or transaction.
   *
   * @example
   * ```ts
   * createRepositories({ db: createDatabase<DB>({ uri: process.env.DATABASE_URL }), tables })
   * ```
   */
  readonly db: Kysely<DB>
  /**
   * The metadata that `kysely-lookup generate` wrote.
   *
   * @example
   * ```ts
   * import { type DB, tables } from './schema.ts'
   *
   * createRepositories({ db, tables })
   * ```
   */
  readonly tables: Tables
  /**
   * The tables that the process caches, and how (default none). Any other table is remembered per request only.
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, cache: { city: 'immutable', currency: { mode: 'versioned', maxRows: 1_000 } } })
   * ```
   */
  readonly cache?: Cache & { readonly [Unknown in Exclude<keyof Cache, keyof Tables>]: never }
  /**
   * Class names of Kysely plugins that lookups may bypass (default none). Lookups do not go through plugins. Any plugin other
   * than CamelCasePlugin is refused unless you name it here, because lookups would lack what it adds to queries, such as a
   * tenant condition.
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, allowPlugins: ['TimingPlugin'] })
   * ```
   */
  readonly allowPlugins?: readonly string[]
  /**
   * How the versions of `versioned` tables are followed (default: a poll each second, cached rows are served in an outage).
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, versions: { pollInterval: 500 } })
   * ```
   */
  readonly versions?: VersionOptions
  /**
   * Keeps rows of `versioned` and frozen `immutable` tables for other processes and the next start (default none). `lmdbStore` of
   * `kysely-lookup/lmdb` makes one.
   *
   * @example
   * ```ts
   * import { lmdbStore } from 'kysely-lookup/lmdb'
   *
   * const store = lmdbStore({ path: '/var/cache/shop/lookups' })
   * createRepositories({ db, tables, cache: { country: 'versioned' }, store })
   * ```
   */
  readonly store?: Store
  /**
   * Milliseconds that a read may take, including the wait for a connection (default 10,000). After that it rejects with a
   * `LookupTimeoutError`, and its connection is destroyed.
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, timeout: 2_000 })
   * ```
   */
  readonly timeout?: number
  /**
   * The maximum number of keys in one statement (default 5,000).
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, maxBatchSize: 1_000 })
   * ```
   */
  readonly maxBatchSize?: number
  /**
   * The maximum number of keys that may wait for the server at a time, for each unique key of a table (default 1,000,000). Reads of
   * more keys are rejected at once.
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, maxWaitingKeys: 10_000 })
   * ```
   */
  readonly maxWaitingKeys?: number
  /**
   * How keys are sent. By default the server decides: as one JSON parameter if it has JSON_TABLE (MySQL 8.0, MariaDB 10.6),
   * else by `union all`, in statements of up to 128 keys.
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, statementForm: 'union_all' }) // behind a proxy that does not know JSON_TABLE
   * ```
   */
  readonly statementForm?: StatementForm
  /**
   * Whether an `InvalidKeyError` or `RowNotFoundError` holds the key as its property `key`, for logs (default false). A key may be a
   * person's data. The message never contains it.
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, errorKeys: true })
   * ```
   */
  readonly errorKeys?: boolean
}
