import { createQueryId, type Kysely } from 'kysely'
import { lookupParameters } from './connection.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import type { Statement } from './statement.ts'

/** Runs a statement and answers rows as arrays, in column order. */
export type Execute = (
  statement: Statement,
  values: readonly unknown[],
) => Promise<readonly (readonly unknown[])[]>

export interface ExecuteOptions {
  /** What is read, for messages. */
  readonly what: string
  /** Milliseconds over everything: the wait for a connection, preparation, execution, another try. */
  readonly timeout: number
}

/** Tries on new connections, after the first. */
const RETRIES = 2

/**
 * Runs statements through Kysely's executor, prepared where the database was made by `createDatabase`. Plugins are
 * left out: they could neither transform this text nor may they rename what comes back.
 *
 * Outside a transaction a read whose connection is lost is tried again on another one: it changes nothing, so that it does
 * not matter whether the server has run it.
 */
export function createExecute(db: Kysely<unknown>, options: ExecuteOptions): Execute {
  const target = db.withoutPlugins()
  const retries = db.isTransaction ? 0 : RETRIES

  async function run({ sql, node }: Statement, values: readonly unknown[], deadline: Deadline) {
    const parameters = lookupParameters(values, deadline)
    const query = target.executeQuery<unknown>({ sql, query: node, parameters, queryId: createQueryId() })
    // After the deadline nobody waits for it any more.
    query.catch(() => {})
    const { rows } = await Promise.race([query, deadline.rejection])
    // A Kysely instance of the user's own answers objects; their columns come in the order selected.
    return rows.map((row) => (Array.isArray(row) ? row : Object.values(row as object)))
  }

  return async (statement, values) => {
    const deadline = startDeadline(options)
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await run(statement, values, deadline)
        } catch (error) {
          if (attempt === retries || !isConnectionLoss(error) || deadline.expired) {
            throw withoutValues(error, statement)
          }
          await pause(attempt, deadline)
        }
      }
    } finally {
      deadline.stop()
    }
  }
}

const LOST = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  // What a server says on a connection that it has killed: MariaDB, MySQL.
  'ER_CONNECTION_KILLED',
  'ER_SESSION_WAS_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
])

function isConnectionLoss(error: unknown): boolean {
  const { code, message = '' } = error as { code?: string; message?: string }
  return LOST.has(code ?? '') || message.includes('connection is in closed state')
}

/** Longer each time, and not for everybody at once. */
async function pause(attempt: number, deadline: Deadline): Promise<void> {
  const delay = Math.min(deadline.left, 20 * 4 ** attempt * (0.5 + Math.random()))
  await new Promise((resolve) => setTimeout(resolve, delay))
}

/** The driver's errors hold the text with its values where it was not prepared. */
function withoutValues(error: unknown, { sql }: Statement): unknown {
  if (error instanceof Error && 'sql' in error) error.sql = sql
  return error
}
