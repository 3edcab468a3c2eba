import { type CompiledQuery, createQueryId, type Kysely, type Log } from 'kysely'
import type { DriverField } from '../columns/column-type.ts'
import { createRowDecoder, type RowDecoder } from '../columns/decoding.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import type { Connection } from './connection.ts'
import { type DeadlineOptions, type TimeLimit, withinDeadline } from './deadline.ts'
import { expectAdapter, type LookupAdapterOptions } from './lookup-adapter.ts'
import { type LookupMark, lookupParameters } from './parameter-marks.ts'
import { retryLost } from './retry.ts'
import type { Statement } from './statement.ts'

/** Runs a statement and answers rows as arrays, in column order. */
export type Execute = (statement: Statement, values: readonly unknown[]) => Promise<Rows>

type Rows = readonly (readonly unknown[])[]

/** What is read, and how long everything may take: the wait for a connection, preparation, execution, another try. */
export interface ExecuteOptions extends DeadlineOptions, Omit<LookupMark, 'alone'> {}

/** Runs lookups on connections of their own; in a transaction, on that of the transaction. */
export function createExecute(db: Kysely<unknown>, options: ExecuteOptions): Execute {
  const execute = createTimedExecute(db, options)
  const { what, timeout } = options
  return (statement, values) =>
    execute(statement, values, { what, timeout, due: performance.now() + timeout })
}

/** The same, for several statements within one limit. */
export type TimedExecute = (
  statement: Statement,
  values: readonly unknown[],
  limit: TimeLimit,
) => Promise<Rows>

export function createTimedExecute(db: Kysely<unknown>, mark: Omit<LookupMark, 'alone'>): TimedExecute {
  const inTransaction = db.isTransaction
  const send = inTransaction ? sendIn(db, mark) : sendOn(expectAdapter(db), mark)
  return async (statement, values, limit) => {
    const read = () => send({ statement, values, limit })
    try {
      return await read()
    } catch (error) {
      hideValues(error, statement)
      return await retryLost(error, { limit, inTransaction }, read)
    }
  }
}

interface Sending {
  readonly statement: Statement
  readonly values: readonly unknown[]
  readonly limit: TimeLimit
}

/** The shortest way: neither Kysely's executor nor a pool's queue. */
function sendOn(
  { lookups, decoding }: Pick<LookupAdapterOptions, 'lookups' | 'decoding'>,
  { table }: Pick<LookupMark, 'table'>,
): (sending: Sending) => Promise<Rows> {
  const { log } = lookups
  const decode = createDecode(decoding)

  function ask(connection: Connection, { statement, values, limit }: Sending): Promise<Rows> {
    return new Promise((resolve, reject) => {
      connection.lookup({ sql: statement.sql, values, limit }, (error, rows, fields) => {
        connection.release()
        if (error) return reject(error)
        try {
          resolve(decode(statement, rows as Rows, fields as readonly DriverField[]))
        } catch (failure) {
          reject(failure)
        }
      })
    })
  }

  async function askLogged(connection: Connection, sending: Sending): Promise<Rows> {
    const answer = ask(connection, sending)
    await logged(log!, { ...sending, answer })
    return answer
  }

  const send = log ? askLogged : ask
  return (sending) => {
    const acquired = lookups.acquire(sending.limit, table)
    if (acquired instanceof Promise) return acquired.then((connection) => send(connection, sending))
    return send(acquired, sending)
  }
}

/** What a statement's results are decoded by, for as long as their columns are the same. */
interface StatementDecoding {
  readonly fields: readonly DriverField[]
  readonly decode: RowDecoder | undefined
}

/** Decodes results in place. Columns are described with each result, and hardly ever change. */
function createDecode(decoding: DecodingOptions) {
  const known = new WeakMap<Statement, StatementDecoding>()
  return (statement: Statement, rows: Rows, fields: readonly DriverField[]): Rows => {
    let last = known.get(statement)
    if (last === undefined || !haveSameTypes(last.fields, fields)) {
      last = { fields, decode: createRowDecoder(fields, decoding) }
      known.set(statement, last)
    }
    const { decode } = last
    if (decode) for (const row of rows) decode(row)
    return rows
  }
}

function haveSameTypes(fields: readonly DriverField[], others: readonly DriverField[]): boolean {
  if (fields.length !== others.length) return false
  for (let at = 0; at < fields.length; at++) {
    const one = fields[at]!
    const other = others[at]!
    if (one.columnType !== other.columnType || one.columnLength !== other.columnLength) return false
    if (one.decimals !== other.decimals || one.flags !== other.flags) return false
    if (one.characterSet !== other.characterSet) return false
  }
  return true
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

interface Answering extends Omit<Sending, 'limit'> {
  readonly answer: Promise<Rows>
}

function compiled(statement: Statement, parameters: readonly unknown[]): CompiledQuery {
  return { sql: statement.sql, query: statement.node, parameters, queryId: createQueryId() }
}

/**
 * Through Kysely's executor, which knows the connection of a transaction. Plugins are left out: they could not transform this
 * text, and must not rename what comes back.
 */
function sendIn(
  transaction: Kysely<unknown>,
  mark: Omit<LookupMark, 'alone'>,
): (sending: Sending) => Promise<Rows> {
  const target = transaction.withoutPlugins()
  return async ({ statement, values, limit }) => {
    const query = compiled(statement, lookupParameters(values, mark))
    const { rows } = await withinDeadline(limit, () => target.executeQuery<readonly unknown[]>(query))
    return rows
  }
}

/** The driver's errors hold the text with its values where it was not prepared. */
function hideValues(error: unknown, { sql }: Statement): void {
  if (error instanceof Error && 'sql' in error) error.sql = sql
}
