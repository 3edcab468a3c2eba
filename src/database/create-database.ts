import { Kysely, type KyselyConfig, MysqlDialect, type MysqlPool } from 'kysely'
import { type Connection, createPool, type Pool, type PoolOptions } from 'mysql2'
import { type DecodingOptions, driverDecodingSettings } from '../columns/decoding-options.ts'
import { ConfigurationError } from '../errors.ts'
import { checkDriverOptions, checkPool, connectionConfig, type DecidedHere } from './driver-options.ts'
import { type Endpoint, LookupAdapter, type PreparationLimits } from './lookup-adapter.ts'
import { checkOpening, openLookupConnection } from './lookup-connection.ts'
import { LookupConnections } from './lookup-connections.ts'
import { type DriverPool, type WrappedPool, wrapPool } from './pool.ts'

/** The connections that lookups have to themselves. */
export interface LookupConnectionOptions {
  /** How many, at most (default 2), besides those of the pool; 0: lookups borrow the pool's. */
  readonly count?: number
  /**
   * Prepares the session of each of them, for instance `set wsrep_sync_wait = 1`; what the pool's own `connection`
   * listeners do does not reach them. A promise is awaited.
   */
  readonly onConnect?: (connection: Connection) => unknown
}

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
  /**
   * How many connections lookups have to themselves (default 2), besides those of the pool: nothing that your queries do
   * to a session reaches a lookup, and a pool that is busy holds none up. They are opened when they are first needed.
   * With 0, lookups borrow the pool's connections.
   */
  lookupConnections?: number | LookupConnectionOptions
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

const DEFAULT_LOOKUP_CONNECTIONS = 2

/**
 * Kysely over mysql2: UTC, utf8mb4, a connect time-out of 10 s, a pool of 10 connections with a bounded queue, 2 more
 * connections for lookups alone, values decoded alike in both protocols. Make one per process and share it.
 * `db.destroy()` lets running statements finish and closes the connections.
 *
 * @throws ConfigurationError where an option cannot work, for instance a `mysql2/promise` pool, on which Kysely waits
 * for ever (kysely-org/kysely-ctl#199).
 * @example
 * const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })
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
    lookupConnections = {},
    ...connection
  } = options
  const decoding: DecodingOptions = { bigint, tinyint1, zeroDates }
  const settings = driverDecodingSettings(decoding)
  const { count, onConnect } = resolveLookupConnections(lookupConnections)
  checkDriverOptions(connection)
  if (pool) checkPool(pool, settings)
  const driverPool = (pool ??
    createPool({
      ...DEFAULTS,
      ...connection,
      timezone: 'Z',
      ...settings,
    } as PoolOptions)) as unknown as DriverPool
  const reading = { decoding, prepare }
  const logging = log && { log }
  let lookups: LookupConnections | undefined
  if (count > 0) {
    checkOpening(driverPool)
    lookups = new LookupConnections({
      ...reading,
      count,
      open: (limit) =>
        openLookupConnection({ pool: driverPool, settings, limit, ...(onConnect && { onConnect }) }),
      ...logging,
    })
  }
  const made = {
    decoding,
    endpoint: endpointOf(driverPool),
    limits: limitsOf(driverPool, { prepare, count }),
  }
  const adapter = new LookupAdapter({
    ...made,
    ...(lookups && {
      lookups,
      ownDatabase: new Kysely({
        dialect: new LookupDialect(lookups.asPool(), new LookupAdapter(made)),
        ...logging,
      }),
    }),
  })
  const end = async () => lookups?.end()
  return new Database<DB>(
    {
      dialect: new LookupDialect(wrapPool(driverPool, { ...reading, end }), adapter),
      ...logging,
      ...(plugins && { plugins }),
    },
    end,
  )
}

/** Kysely ends a pool only once it has used it. */
class Database<DB> extends Kysely<DB> {
  readonly #end: () => Promise<void>

  constructor(config: KyselyConfig, end: () => Promise<void>) {
    super(config)
    this.#end = end
  }

  override async destroy(): Promise<void> {
    await Promise.all([super.destroy(), this.#end()])
  }
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

function resolveLookupConnections(given: number | LookupConnectionOptions) {
  const { count = DEFAULT_LOOKUP_CONNECTIONS, onConnect } =
    typeof given === 'number' ? { count: given } : given
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ConfigurationError('createDatabase: lookupConnections must be 0 or a positive integer.')
  }
  return { count, onConnect }
}

function limitsOf(
  pool: DriverPool,
  { prepare, count }: { readonly prepare: boolean; readonly count: number },
): PreparationLimits {
  const { connectionLimit } = (pool as { config?: PoolOptions }).config ?? {}
  const { maxPreparedStatements } = (connectionConfig(pool) ?? {}) as PoolOptions
  return {
    connections: (connectionLimit ?? DEFAULTS.connectionLimit) + count,
    statements: prepare ? (maxPreparedStatements ?? DEFAULTS.maxPreparedStatements) : 0,
  }
}

function endpointOf(pool: DriverPool): Endpoint {
  const { host, port, socketPath } = connectionConfig(pool) ?? {}
  if (typeof socketPath === 'string') return { address: socketPath }
  return typeof host === 'string' ? { address: host, port: Number(port) } : {}
}
