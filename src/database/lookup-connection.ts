import mysql2 from 'mysql2'
import { ConfigurationError } from '../errors.ts'
import { connectionLost, isConnectionLoss } from './connection-loss.ts'
import { type Callback, cutConnection, type DriverConnection } from './driver-connection.ts'
import { connectionConfig } from './driver-options.ts'
import { type Run, setUpLookupSession } from './lookup-session.ts'

/** A connection that only this library uses. */
export interface OwnConnection extends DriverConnection {
  end(callback: Callback<[]>): void
}

export interface OpeningOptions {
  /** The pool whose configuration it has. */
  readonly pool: object
  /** The driver's settings for decoding. */
  readonly settings: object
  /** Prepares the session before this library does. */
  onConnect?(connection: never): unknown
  /** Milliseconds. */
  readonly limit: number
}

/** Connects, and gives the session what lookups need. */
export async function openLookupConnection(options: OpeningOptions): Promise<OwnConnection> {
  const { pool, settings, onConnect, limit } = options
  const database = connectionConfig(pool)?.database as string | undefined
  const connection = openAs(pool, settings)
  // Those who wait for an answer get the error; without a listener it would end the process.
  connection.on('error', () => {})
  const { promise: expiry, reject } = Promise.withResolvers<never>()
  const expire = () => reject(connectionLost('A new connection', { code: 'ETIMEDOUT' }))
  const timer = setTimeout(expire, limit)
  async function prepare(): Promise<void> {
    await called((callback) => connection.connect(callback))
    await onConnect?.(connection as never)
    const run: Run = (sql) => called((callback) => connection.query(sql, [], callback))
    await setUpLookupSession(run, database)
  }
  try {
    await Promise.race([prepare(), expiry])
    return connection
  } catch (error) {
    cutConnection(connection)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** mysql2's flag of several statements in one text. */
const MULTI_STATEMENTS = 1 << 16

type ConnectionClass = new (options: { readonly config: object }) => OwnConnection

/**
 * Begins a connection as the pool would, with the pool's current configuration, so that it sees a changed password. Options
 * that lookups do not need are left out.
 */
function openAs(pool: object, settings: object): OwnConnection {
  const given = connectionConfig(pool)!
  const config = Object.create(Object.getPrototypeOf(given), Object.getOwnPropertyDescriptors(given))
  const own = {
    ...settings,
    charsetNumber: mysql2.Charsets.UTF8MB4_UNICODE_CI,
    clientFlags: Number(given.clientFlags) & ~MULTI_STATEMENTS,
    multipleStatements: false,
    namedPlaceholders: false,
    nestTables: undefined,
    pool: undefined,
    queryFormat: undefined,
    rowsAsArray: false,
    timezone: 'Z',
    typeCast: true,
  }
  for (const [name, value] of Object.entries(own)) {
    Object.defineProperty(config, name, { value, enumerable: true, writable: true, configurable: true })
  }
  return new (mysql2.Connection as unknown as ConnectionClass)({ config })
}

/** @throws ConfigurationError if no further connection can be made with the pool's configuration. */
export function checkOpening(pool: object): void {
  const config = connectionConfig(pool)
  const borrow = 'or lookupConnections: 0, with which lookups borrow the connections of your queries'
  if (!config) {
    throw new ConfigurationError({
      kind: 'pool',
      problem:
        'createDatabase: the pool does not show its configuration (config.connectionConfig), which connections for lookups are made by',
      fix: `Pass a pool of mysql2's createPool, ${borrow}.`,
    })
  }
  if (typeof config.stream === 'object' && config.stream !== null) {
    throw new ConfigurationError({
      kind: 'pool',
      problem: 'createDatabase: stream is one stream, which only one connection can use',
      fix: `Pass a function that makes one, ${borrow}.`,
    })
  }
}

/** How long (ms) the server has to close its side. */
const GOODBYE_PATIENCE = 1_000

/** If the server is already gone, the connection counts as closed all the same. */
export function sayGoodbye(connection: OwnConnection): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      connection.stream.destroy()
      resolve()
    }, GOODBYE_PATIENCE)
    connection.stream.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
    connection.end((error) => {
      if (error && !isConnectionLoss(error)) connection.stream.destroy()
    })
  })
}

function called<Result>(call: (callback: Callback<[result?: Result]>) => void): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)))
  })
}
