import { Kysely, type KyselyConfig, MysqlAdapter, MysqlDialect, type MysqlPool } from 'kysely'
import { createPool, type Pool, type PoolOptions } from 'mysql2'
import { type DecodingOptions, driverDecodingSettings } from '../columns/decoding-options.ts'
import { ConfigurationError } from '../errors.ts'
import { type DriverPool, type WrappedPool, wrapPool } from './pool.ts'

/** mysql2 settings that decide how values are read; `createDatabase` sets them itself, so that types are true. */
type DecidedHere =
  | 'bigNumberStrings'
  | 'dateStrings'
  | 'decimalNumbers'
  | 'jsonStrings'
  | 'nestTables'
  | 'rowsAsArray'
  | 'supportBigNumbers'
  | 'timezone'
  | 'typeCast'

/** How to reach the server (`uri`, or mysql2's pool options), how to read values, and Kysely's own options. */
export interface DatabaseOptions
  extends Omit<PoolOptions, DecidedHere | 'uri'>,
    DecodingOptions,
    Pick<KyselyConfig, 'log' | 'plugins'> {
  /** `mysql://user:password@host:port/database`. Present but `undefined` is refused: it is an unset variable. */
  uri?: string | undefined
  /**
   * Whether lookups are sent as prepared statements (default true). Say false behind a proxy that pins sessions which
   * prepare, as RDS Proxy does. Where the server has no room for another one they are sent as text in any case.
   */
  prepare?: boolean
  /** An existing mysql2 pool (not a `mysql2/promise` one) instead of a connection; `db.destroy()` ends it. */
  pool?: Pool
}

const DEFAULTS = {
  charset: 'utf8mb4',
  connectTimeout: 10_000,
  connectionLimit: 10,
  queueLimit: 10_000,
  enableKeepAlive: true,
  // The server's limit, 16,382 by default, is shared by all its clients.
  maxPreparedStatements: 256,
} satisfies PoolOptions

const decidedHere: readonly DecidedHere[] = [
  'bigNumberStrings',
  'dateStrings',
  'decimalNumbers',
  'jsonStrings',
  'nestTables',
  'rowsAsArray',
  'supportBigNumbers',
  'timezone',
  'typeCast',
]

/** How many prepared statements a database may hold at a time. */
export interface PreparationLimits {
  readonly connections: number
  /** On each connection; none where lookups are not prepared. */
  readonly statements: number
}

/** Tells a `createDatabase` instance from any other Kysely; plugins and transactions keep their adapter. */
export class LookupAdapter extends MysqlAdapter {
  readonly decoding: DecodingOptions
  readonly endpoint: Endpoint
  readonly limits: PreparationLimits

  constructor(options: {
    readonly decoding: DecodingOptions
    readonly endpoint: Endpoint
    readonly limits: PreparationLimits
  }) {
    super()
    this.decoding = options.decoding
    this.endpoint = options.endpoint
    this.limits = options.limits
  }
}

/** Where connections go: a host and port, or a socket. */
export interface Endpoint {
  readonly address?: string
  readonly port?: number
}

/**
 * Kysely over one mysql2 pool: UTC, utf8mb4, a connect time-out of 10 s, 10 connections, a bounded queue, values
 * decoded alike in both protocols. Make one per process and share it. `db.destroy()` lets running statements finish
 * and closes the connections.
 *
 * @throws ConfigurationError where an option cannot work, for instance a `mysql2/promise` pool, on which Kysely waits
 * for ever (kysely-org/kysely-ctl#199).
 */
export function createDatabase<DB>(options: DatabaseOptions): Kysely<DB> {
  const {
    bigint = 'number',
    tinyint1 = 'number',
    zeroDates = 'error',
    log,
    plugins,
    pool,
    prepare = true,
    ...connection
  } = options
  const decoding: DecodingOptions = { bigint, tinyint1, zeroDates }
  for (const name of decidedHere) {
    if (name in connection) {
      throw new ConfigurationError(
        `createDatabase: the option ${name} decides how values are read and cannot be set. Use bigint, tinyint1 or zeroDates.`,
      )
    }
  }
  const settings = driverDecodingSettings(decoding)
  const driverPool = pool ? givenPool(pool, settings) : newPool(connection, settings)
  return new Kysely<DB>({
    dialect: new LookupDialect(
      wrapPool(driverPool, { decoding, prepare }),
      new LookupAdapter({
        decoding,
        endpoint: endpointOf(driverPool),
        limits: limitsOf(driverPool, prepare),
      }),
    ),
    ...(log && { log }),
    ...(plugins && { plugins }),
  })
}

class LookupDialect extends MysqlDialect {
  readonly #adapter: LookupAdapter

  constructor(pool: WrappedPool, adapter: LookupAdapter) {
    super({ pool: pool as unknown as MysqlPool })
    this.#adapter = adapter
  }

  override createAdapter(): LookupAdapter {
    return this.#adapter
  }
}

/** How much a database made by `createDatabase`, of any copy of this library, prepares; undefined for any other. */
export function preparationLimits(db: Kysely<unknown>): PreparationLimits | undefined {
  return (db.getExecutor().adapter as Partial<Pick<LookupAdapter, 'limits'>>).limits
}

function limitsOf(pool: DriverPool, prepare: boolean): PreparationLimits {
  const { connectionLimit, connectionConfig } =
    (pool as { config?: PoolOptions & { connectionConfig?: PoolOptions } }).config ?? {}
  return {
    connections: connectionLimit ?? DEFAULTS.connectionLimit,
    statements: prepare ? (connectionConfig?.maxPreparedStatements ?? DEFAULTS.maxPreparedStatements) : 0,
  }
}

function newPool(options: PoolOptions & { uri?: string | undefined }, settings: object): DriverPool {
  if ('uri' in options) checkUri(options.uri)
  return createPool({
    ...DEFAULTS,
    ...options,
    timezone: 'Z',
    ...settings,
  } as PoolOptions) as unknown as DriverPool
}

/** The URL's text is never repeated: it may hold a password. */
function checkUri(uri: unknown): void {
  if (typeof uri !== 'string' || uri === '') {
    throw new ConfigurationError(
      `createDatabase: uri is ${uri === '' ? 'empty' : String(uri)}. Set DATABASE_URL, for instance mysql://user:password@host:3306/database.`,
    )
  }
  if (!URL.canParse(uri) || !['mysql:', 'mariadb:'].includes(new URL(uri).protocol)) {
    throw new ConfigurationError(
      'createDatabase: uri is not a mysql:// or mariadb:// URL. Characters such as @ / # : in a password are percent-encoded.',
    )
  }
}

function givenPool(pool: Pool, settings: object): DriverPool {
  refusePromisePool(pool)
  const actual = connectionConfig(pool)
  const shapes = { typeCast: true, rowsAsArray: false, nestTables: false }
  for (const [name, wanted] of Object.entries({ ...settings, ...shapes, timezone: 'Z' })) {
    if (actual && (actual[name] ?? false) !== wanted) {
      throw new ConfigurationError(
        `createDatabase: the pool has ${name}: ${shown(actual[name])}, and ${JSON.stringify(wanted)} is needed for values to be read as their types say. Create the pool with it, or give createDatabase the pool's options.`,
      )
    }
  }
  return pool as unknown as DriverPool
}

function connectionConfig(pool: object): Record<string, unknown> | undefined {
  return (pool as { config?: { connectionConfig?: Record<string, unknown> } }).config?.connectionConfig
}

function endpointOf(pool: DriverPool): Endpoint {
  const { host, port, socketPath } = connectionConfig(pool) ?? {}
  if (typeof socketPath === 'string') return { address: socketPath }
  return typeof host === 'string' ? { address: host, port: Number(port) } : {}
}

function shown(setting: unknown): string {
  return typeof setting === 'function' ? 'a function' : JSON.stringify(setting)
}

/** A `mysql2/promise` pool ignores the callback that Kysely passes, so that every query would wait for ever. */
export function refusePromisePool(pool: object): void {
  const { getConnection, pool: inner } = pool as {
    getConnection?: unknown
    pool?: { getConnection?: unknown }
  }
  if (typeof inner?.getConnection === 'function' && !('promise' in pool)) {
    throw new ConfigurationError(
      "The pool is one of 'mysql2/promise', on which Kysely waits for ever. Pass its callback pool (`pool.pool`), import createPool from 'mysql2', or give createDatabase the pool's options.",
    )
  }
  if (typeof getConnection !== 'function') {
    throw new ConfigurationError(
      "The pool is not a mysql2 pool: it has no getConnection. Import createPool from 'mysql2'.",
    )
  }
}
