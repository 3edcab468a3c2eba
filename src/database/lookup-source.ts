import type { Log } from 'kysely'
import type { Connection } from './connection.ts'
import { currentDeadline, type TimeLimit } from './deadline.ts'
import type { WrappedPool } from './pool.ts'

/** Where lookups outside transactions get connections from. */
export interface LookupSource {
  /** Logs their statements, if anything is logged. */
  readonly log: Log | undefined
  /** How many connections it has had so far. */
  readonly opened: number
  /** A connection in whose session answers of the table are right, to be released; rejects when the time is over. */
  acquire(limit: TimeLimit | undefined, table?: string): Connection | Promise<Connection>
  /** Lets statements that are under way or wait finish, and closes what is its own. */
  end(): Promise<void>
}

/** The same for Kysely's driver, which has no room for a deadline. */
export function poolOver(source: LookupSource): WrappedPool {
  return {
    getConnection(callback, deadline = currentDeadline()) {
      Promise.resolve(source.acquire(deadline)).then(
        (connection) => callback(null, connection),
        (error) => callback(error),
      )
    },
    end: (callback) => {
      source.end().then(() => callback(null), callback)
    },
  }
}
