import type { KyselyConfig } from 'kysely'
import type { Connection, Pool, PoolOptions } from 'mysql2'
import type { DecodingOptions } from '../columns/decoding-options.ts'

/**
 * mysql2 options that decide how values are read. `createDatabase` sets them itself and refuses them, so that the generated types
 * are true.
 *
 * @example
 * ```ts
 * const option: FixedDriverOption = 'dateStrings'
 * ```
 */
export type FixedDriverOption =
  | 'bigNumberStrings'
  | 'dateStrings'
  | 'decimalNumbers'
  | 'jsonStrings'
  | 'nestTables'
  | 'rowsAsArray'
  | 'supportBigNumbers'
  | 'timezone'
  | 'typeCast'

/**
 * The options of `createDatabase`: how to reach the server (`uri`, mysql2's pool options, or a `pool`), how to read values
 * ({@link DecodingOptions}), and Kysely's own `log` and `plugins`.
 *
 * @example
 * ```ts
 * const options: DatabaseOptions = { uri: process.env.DATABASE_URL, connectionLimit: 5, bigint: 'bigint' }
 * ```
 */
export interface DatabaseOptions
  extends Omit<PoolOptions, FixedDriverOption | 'uri'>,
    DecodingOptions,
    Pick<KyselyConfig, 'log' | 'plugins'> {
  /**
   * The URL of the server, `mysql://user:password@host:port/database` (default none: give mysql2's `host` and so on, or a `pool`). If
   * it is present but `undefined`, `createDatabase` throws, because an environment variable is not set.
   *
   * @example
   * ```ts
   * createDatabase<DB>({ uri: process.env.DATABASE_URL })
   * ```
   */
  uri?: string | undefined
  /**
   * Whether lookups are sent as prepared statements (default true). Set it to false behind a proxy that pins sessions with prepared
   * statements, such as RDS Proxy. If the server has no room for another prepared statement, lookups are sent as text anyway.
   *
   * @example
   * ```ts
   * createDatabase<DB>({ uri: process.env.DATABASE_URL, prepare: false })
   * ```
   */
  prepare?: boolean
  /**
   * An existing mysql2 pool, but not a `mysql2/promise` pool (default: a new pool). `db.destroy()` ends it.
   *
   * @example
   * ```ts
   * import { createPool } from 'mysql2'
   *
   * const pool = createPool({ uri: process.env.DATABASE_URL, timezone: 'Z', dateStrings: true, supportBigNumbers: true })
   * const db = createDatabase<DB>({ pool })
   * ```
   */
  pool?: Pool
  /**
   * The number of connections for lookups only, besides those of the pool (default 2), or {@link LookupConnectionOptions}. They are
   * opened when first needed. Nothing that your queries do to a session reaches a lookup, and a busy pool does not hold lookups up.
   * With 0, lookups borrow connections of the pool.
   *
   * @example
   * ```ts
   * createDatabase<DB>({ uri: process.env.DATABASE_URL, lookupConnections: 4 })
   * ```
   */
  lookupConnections?: number | LookupConnectionOptions
}

/**
 * The options of the connections for lookups only.
 *
 * @example
 * ```ts
 * const lookupConnections: LookupConnectionOptions = { count: 4 }
 * ```
 */
export interface LookupConnectionOptions {
  /**
   * The maximum number of connections (default 2). With 0, lookups borrow connections of the pool.
   *
   * @example
   * ```ts
   * createDatabase<DB>({ uri: process.env.DATABASE_URL, lookupConnections: { count: 4 } })
   * ```
   */
  readonly count?: number
  /**
   * Called with each new connection, to prepare its session (default: does nothing). A promise is awaited. The pool's own
   * `connection` listeners do not reach these connections.
   *
   * @example
   * ```ts
   * createDatabase<DB>({
   *   uri: process.env.DATABASE_URL,
   *   lookupConnections: { onConnect: (connection) => connection.query('set wsrep_sync_wait = 1') },
   * })
   * ```
   * @throws whatever you throw; the lookups that wait for the connection then reject with it.
   */
  readonly onConnect?: (connection: Connection) => unknown
}
