import { type CompiledQuery, createQueryId, type Kysely, type Log } from 'kysely'
import type { Connection } from './connection.ts'
import { type Deadline, type DeadlineOptions, underDeadline } from './deadline.ts'
import { expectAdapter } from './lookup-adapter.ts'
import type { LookupSource } from './lookup-source.ts'
import { type LookupMark, lookupParameters } from './parameter-marks.ts'
import { retryWithin } from './retry.ts'
import type { Statement } from './statement.ts'

/** Runs a statement and answers rows as arrays, in column order. */
export type Execute = (statement: Statement, values: readonly unknown[]) => Promise<Rows>

type Rows = readonly (readonly unknown[])[]

/** What is read, and how long everything may take: the wait for a connection, preparation, execution, another try. */
export interface ExecuteOptions extends DeadlineOptions, Omit<LookupMark, 'alone'> {}

/** Runs lookups on connections of their own; in a transaction, on that of the transaction. */
export function createExecute(db: Kysely<unknown>, options: ExecuteOptions): Execute {
  const send = db.isTransaction ? sendIn(db, options) : sendOn(expectAdapter(db).lookups, options)
  const retrying = { ...options, inTransaction: db.isTransaction }
  return (statement, values) =>
    retryWithin(retrying, async (deadline) => {
      try {
        return await send({ statement, values, deadline })
      } catch (error) {
        hideValues(error, statement)
        throw error
      }
    })
}

interface Sending {
  readonly statement: Statement
  readonly values: readonly unknown[]
  readonly deadline: Deadline
}

/** The shortest way: neither Kysely's executor nor a pool's queue. */
function sendOn(source: LookupSource, { table }: ExecuteOptions): (sending: Sending) => Promise<Rows> {
  const { log } = source
  return async ({ statement, values, deadline }) => {
    const acquired = source.acquire(deadline, table)
    const connection = acquired instanceof Promise ? await acquired : acquired
    const answer = run(connection, { sql: statement.sql, values, deadline })
    if (log) await logged(log, { statement, values, answer })
    return answer
  }
}

/** As Kysely logs its own queries. */
async function logged(log: Log, { statement, values, answer }: Answering): Promise<void> {
  const start = performance.now()
  const event = () => ({
    query: compiled(statement, values),
    queryDurationMillis: performance.now() - start,
  })
  try {
    await answer
  } catch (error) {
    await log.error(() => ({ level: 'error', error, ...event() }))
    return
  }
  await log.query(() => ({ level: 'query', isStream: false, ...event() }))
}

interface Answering extends Omit<Sending, 'deadline'> {
  readonly answer: Promise<Rows>
}

function compiled(statement: Statement, parameters: readonly unknown[]): CompiledQuery {
  return { sql: statement.sql, query: statement.node, parameters, queryId: createQueryId() }
}

function run(
  connection: Connection,
  lookup: { readonly sql: string; readonly values: readonly unknown[]; readonly deadline: Deadline },
): Promise<Rows> {
  return new Promise((resolve, reject) => {
    connection.lookup(lookup, (error, rows) => {
      connection.release()
      if (error) reject(error)
      else resolve(rows as Rows)
    })
  })
}

/**
 * Through Kysely's executor, which knows the connection of a transaction. Plugins are left out: they could neither
 * transform this text nor may they rename what comes back.
 */
function sendIn(transaction: Kysely<unknown>, mark: ExecuteOptions): (sending: Sending) => Promise<Rows> {
  const target = transaction.withoutPlugins()
  return async ({ statement, values, deadline }) => {
    const query = compiled(statement, lookupParameters(values, mark))
    const { rows } = await underDeadline(deadline, () => target.executeQuery<readonly unknown[]>(query))
    return rows
  }
}

/** The driver's errors hold the text with its values where it was not prepared. */
function hideValues(error: unknown, { sql }: Statement): void {
  if (error instanceof Error && 'sql' in error) error.sql = sql
}
