import { Kysely, type KyselyConfig, MysqlDialect, type MysqlPool } from 'kysely'
import { createPool, type PoolOptions } from 'mysql2'
import { type DecodingOptions, driverDecodingSettings } from '../columns/decoding-options.ts'
import { ConfigurationError } from '../errors.ts'
import { BorrowedConnections } from './borrowed-connections.ts'
import type { DatabaseOptions, LookupConnectionOptions } from './database-options.ts'
import { checkDriverOptions, checkPool, connectionConfig } from './driver-options.ts'
import { type Endpoint, LookupAdapter, markPooled, type PreparationLimits } from './lookup-adapter.ts'
import { checkOpening, openLookupConnection } from './lookup-connection.ts'
import { LookupConnections } from './lookup-connections.ts'
import { poolOver } from './lookup-source.ts'
import { refuseUnknownOptions } from './option-names.ts'
import { type DriverPool, type WrappedPool, wrapPool } from './pool.ts'

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
 * Creates a Kysely instance over mysql2: UTC, utf8mb4, a pool of 10 connections with a bounded queue, 2 more connections for
 * lookups only, a connect timeout of 10 s, and values decoded as the generated types say, in both protocols. Create one per process
 * and share it. `db.destroy()` lets running statements finish and closes the connections.
 *
 * @example
 * ```ts
 * import type { DB } from './schema.ts' // written by kysely-lookup generate
 *
 * const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })
 * ```
 * @throws ConfigurationError if an option cannot work, for instance a `mysql2/promise` pool, on which Kysely waits forever
 * (kysely-org/kysely-ctl#199).
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
  const end = async () => own?.end()
  const configured = () => connectionConfig(driverPool)?.database as string | undefined
  const wrapped = wrapPool(driverPool, {
    ...reading,
    end,
    isShared: pool !== undefined,
    isReset: poolConfig(driverPool).resetOnRelease === true,
  })
  if (count > 0) checkOpening(driverPool)
  const own =
    count > 0
      ? new LookupConnections({
          ...reading,
          count,
          open: (limit) =>
            openLookupConnection({ pool: driverPool, settings, limit, ...(onConnect && { onConnect }) }),
          ...logging,
        })
      : undefined
  const lookups =
    own ??
    new BorrowedConnections({
      pool: wrapped,
      configured,
      limit: connectionLimit(driverPool),
      ...logging,
    })
  const adapter = new LookupAdapter({
    decoding,
    endpoint: endpointOf(driverPool),
    limits: limitsOf(driverPool, { prepare, count }),
    lookups,
    ownDatabase: new Kysely({
      dialect: new MysqlDialect({ pool: poolOver(lookups) as unknown as MysqlPool }),
      ...logging,
    }),
    borrows: !own,
    configured,
  })
  const db = new Database<DB>(
    { dialect: new LookupDialect(wrapped, adapter), ...logging, ...(plugins && { plugins }) },
    () => new Promise((resolve, reject) => wrapped.end((error) => (error ? reject(error) : resolve()))),
  )
  markPooled(db.getExecutor())
  return db
}

/** Kysely ends a pool only once it has used it; one that was never used may have timers, and connections for lookups. */
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
  if (typeof given === 'object') {
    const known = ['count', 'onConnect']
    refuseUnknownOptions(given, { of: 'createDatabase', inside: 'lookupConnections', known })
  }
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ConfigurationError({
      kind: 'option',
      problem: 'createDatabase: lookupConnections must be 0 or a positive integer',
      fix: 'Correct it, or leave it out.',
    })
  }
  return { count, onConnect }
}

function limitsOf(
  pool: DriverPool,
  { prepare, count }: { readonly prepare: boolean; readonly count: number },
): PreparationLimits {
  const { maxPreparedStatements } = (connectionConfig(pool) ?? {}) as PoolOptions
  return {
    connections: connectionLimit(pool) + count,
    statements: prepare ? (maxPreparedStatements ?? DEFAULTS.maxPreparedStatements) : 0,
  }
}

function connectionLimit(pool: DriverPool): number {
  return poolConfig(pool).connectionLimit ?? DEFAULTS.connectionLimit
}

function poolConfig(pool: DriverPool): PoolOptions & { readonly resetOnRelease?: boolean } {
  return (pool as { config?: PoolOptions }).config ?? {}
}

function endpointOf(pool: DriverPool): Endpoint {
  const { host, port, socketPath } = connectionConfig(pool) ?? {}
  if (typeof socketPath === 'string') return { address: socketPath }
  return typeof host === 'string' ? { address: host, port: Number(port) } : {}
}
