import { type Connection, type ConnectionOptions, wrapConnection } from './connection.ts'
import { connectionLost, isConnectionLoss } from './connection-loss.ts'
import { currentDeadline, type Deadline } from './deadline.ts'
import { type Callback, cutConnection, type DriverConnection } from './driver-connection.ts'
import { ProgramSession } from './program-session.ts'

/** The part of a mysql2 pool (the callback one) that is used here. */
export interface DriverPool {
  getConnection(callback: Callback<[connection: PooledDriverConnection]>): void
  end(callback: Callback<[]>): void
}

interface PooledDriverConnection extends DriverConnection {
  release(): void
}

/** The pool that Kysely's driver gets. */
export interface WrappedPool {
  getConnection(callback: Callback<[connection?: Connection]>, deadline?: Deadline): void
  end(callback: Callback<[]>): void
}

export interface PoolWrapOptions extends Pick<ConnectionOptions, 'decoding' | 'prepare'> {
  /** What belongs to the pool, and ends with it. */
  end(): Promise<void>
  /** Whether others may use the pool's connections meanwhile. */
  readonly isShared: boolean
  /** Whether the pool resets the session of a connection that comes back (mysql2's `resetOnRelease`). */
  readonly isReset: boolean
}

/** Every connection speaks UTC, whatever the server's default is: a TIMESTAMP then reads and matches the same everywhere. */
export const POOL_SETUP = "set time_zone = '+00:00'"

/** How long (ms) the first statement of a connection may take: a server that was paused never answers. */
const SETUP_LIMIT = 10_000

/** How long (ms) `end` waits for those who still hold a connection. */
const END_PATIENCE = 10_000

/** How long (ms) `end` then waits for the server to close its side. */
const GOODBYE_PATIENCE = 1_000

/**
 * Wraps a mysql2 pool for Kysely's MySQL driver, which only knows the text protocol. The wait for a connection ends at the
 * deadline. `end` lets running statements and transactions finish first.
 */
export function wrapPool(pool: DriverPool, options: PoolWrapOptions): WrappedPool {
  const known = new WeakMap<PooledDriverConnection, KnownConnection>()
  const open = new Set<DriverConnection>()
  const held = new Set<Connection>()
  let waiting = 0
  let ended: (() => void) | undefined
  let ending: Promise<void> | undefined

  function endIfIdle(): void {
    if (held.size === 0 && waiting === 0) ended?.()
  }

  function watch(connection: PooledDriverConnection): void {
    // Those who wait for an answer get the error; without a listener it would end the process.
    connection.on('error', () => {})
    open.add(connection)
    connection.stream.once('close', () => open.delete(connection))
  }

  /** Calls back once, with a wrapper that is ready for use. Returns a function that gives up. */
  function prepare(
    connection: PooledDriverConnection,
    callback: Callback<[connection?: Connection]>,
  ): () => void {
    const before = known.get(connection)
    before?.session.handOver(options)
    if (before && !options.isReset) {
      callback(null, before.wrapped)
      return () => {}
    }
    let settled = false
    const settle = (failure: unknown) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      if (failure) {
        cutConnection(connection)
        return callback(failure)
      }
      if (before) return callback(null, before.wrapped)
      const session = new ProgramSession()
      const wrapped = wrapConnection(connection, {
        ...options,
        session,
        giveBack(wrapped, intact) {
          if (intact) connection.release()
          held.delete(wrapped)
          endIfIdle()
        },
      })
      known.set(connection, { wrapped, session })
      callback(null, wrapped)
    }
    const expire = () => settle(connectionLost('A new connection', { code: 'ETIMEDOUT' }))
    const timer = setTimeout(expire, SETUP_LIMIT)
    if (!before) watch(connection)
    connection.query(POOL_SETUP, [], settle)
    return expire
  }

  /** If the server is gone, there is no goodbye to wait for. */
  async function end(): Promise<void> {
    await idle()
    setTimeout(() => {
      for (const connection of open) connection.stream.destroy()
    }, GOODBYE_PATIENCE).unref()
    const error = await new Promise((resolve) => pool.end(resolve))
    await options.end()
    if (error && !isConnectionLoss(error)) throw error
  }

  /** Waits until no connection is held, but not for ever, as the driver's `end` would if no reply comes. */
  async function idle(): Promise<void> {
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, END_PATIENCE)
      ended = () => {
        clearTimeout(patience)
        resolve()
      }
      endIfIdle()
    })
    ended = undefined
    for (const connection of held) connection.destroy(new Error('The database was destroyed.'))
  }

  return {
    end(callback) {
      ending ??= end()
      ending.then(() => callback(null), callback)
    },
    getConnection(callback, deadline = currentDeadline()) {
      let giveUp: (() => void) | undefined
      let settled = false
      waiting++
      const settle = (error: unknown, connection?: Connection) => {
        if (settled) return
        settled = true
        waiting--
        forget?.()
        if (connection) held.add(connection)
        callback(error, connection)
        endIfIdle()
      }
      const forget = deadline?.onExpire((error) => {
        settle(error)
        giveUp?.()
      })
      pool.getConnection((error, connection) => {
        if (error) settle(error)
        else if (settled) connection.release()
        else giveUp = prepare(connection, settle)
      })
    },
  }
}

interface KnownConnection {
  readonly wrapped: Connection
  readonly session: ProgramSession
}
