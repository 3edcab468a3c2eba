import { type Callback, type ConnectionOptions, type DriverConnection, wrapConnection } from './connection.ts'

/** The part of a mysql2 pool (the callback one) that is used here. */
export interface DriverPool {
  getConnection(callback: Callback<[connection: DriverConnection]>): void
  end(callback: Callback<[]>): void
}

export type PoolWrapOptions = Omit<ConnectionOptions, 'giveBack'>

// Every connection speaks UTC, whatever the server's default is: a TIMESTAMP then reads and matches the same everywhere.
const SESSION_SETUP = "set time_zone = '+00:00'"

/** How long (ms) the first statement of a connection may take: a server that was paused never answers. */
const SETUP_LIMIT = 10_000

/** How long (ms) an end waits for those who still hold a connection. */
const END_PATIENCE = 10_000

/**
 * Wraps a mysql2 pool for Kysely's MySQL driver, which only knows the text protocol. An end lets running statements and
 * transactions finish first.
 */
export function wrapPool(pool: DriverPool, options: PoolWrapOptions): DriverPool {
  const known = new WeakMap<DriverConnection, DriverConnection>()
  let held = 0
  let ended: (() => void) | undefined

  function giveBack(): void {
    held--
    if (held === 0) ended?.()
  }

  function setUp(connection: DriverConnection, callback: Callback<[connection: DriverConnection]>): void {
    let settled = false
    const settle = (failure: unknown) => {
      if (settled) return
      settled = true
      clearTimeout(timer)
      if (failure) {
        connection.destroy()
        giveBack()
        return callback(failure, connection)
      }
      const fresh = wrapConnection(connection, { ...options, giveBack })
      known.set(connection, fresh)
      callback(null, fresh)
    }
    const timer = setTimeout(
      () => settle(new Error(`A new connection got no answer within ${SETUP_LIMIT} ms.`)),
      SETUP_LIMIT,
    )
    connection.query(SESSION_SETUP, [], settle)
  }

  return {
    end(callback) {
      const patience = setTimeout(() => ended?.(), END_PATIENCE)
      ended = () => {
        ended = undefined
        clearTimeout(patience)
        pool.end(callback)
      }
      if (held === 0) ended()
    },
    getConnection(callback) {
      held++
      pool.getConnection((error, connection) => {
        if (error) {
          giveBack()
          return callback(error, connection)
        }
        const wrapped = known.get(connection)
        if (wrapped) callback(null, wrapped)
        else setUp(connection, callback)
      })
    },
  }
}
