import { Log, type LogConfig } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import type { Connection } from './connection.ts'
import { Deadline, type TimeLimit } from './deadline.ts'
import type { LookupSource } from './lookup-source.ts'
import type { WrappedPool } from './pool.ts'

export interface BorrowedConnectionsOptions {
  readonly pool: WrappedPool
  /** The database that sessions are to be in, as the pool's configuration calls it. */
  configured(): string | undefined
  /** How many connections the pool has at most. */
  readonly limit: number
  /** Kysely's option. */
  readonly log?: LogConfig
}

/** The pool's own connections, for services that can have no others. A session that was altered is not used again. */
export class BorrowedConnections implements LookupSource {
  readonly log: Log | undefined
  opened = 0
  readonly #options: BorrowedConnectionsOptions
  readonly #known = new WeakSet<Connection>()

  constructor(options: BorrowedConnectionsOptions) {
    this.#options = options
    this.log = options.log && new Log(options.log)
  }

  async acquire(limit: TimeLimit | undefined, table?: string): Promise<Connection> {
    if (!limit || limit instanceof Deadline) return await this.#acquire(limit, table)
    const deadline = new Deadline(limit)
    try {
      return await this.#acquire(deadline, table)
    } finally {
      deadline.stop()
    }
  }

  async #acquire(deadline: Deadline | undefined, table: string | undefined): Promise<Connection> {
    const { pool, limit, configured } = this.#options
    const needs = { table, configured: configured(), alone: true }
    for (let tries = 0; ; tries++) {
      const connection = await take(pool, deadline)
      if (!this.#known.has(connection)) this.opened++
      this.#known.add(connection)
      try {
        await connection.check(needs, deadline)
        connection.table = table ?? ''
        return connection
      } catch (error) {
        connection.destroy(error as Error)
        connection.release()
        // More than the pool has: new connections are not right either.
        if (!(error instanceof ConfigurationError) || tries > limit) throw error
      }
    }
  }

  /** The pool's owner ends the pool. */
  async end(): Promise<void> {}
}

function take(pool: WrappedPool, deadline: Deadline | undefined): Promise<Connection> {
  return new Promise((resolve, reject) => {
    pool.getConnection((error, connection) => (connection ? resolve(connection) : reject(error)), deadline)
  })
}
