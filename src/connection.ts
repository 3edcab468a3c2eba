import type { Deadline } from './deadline.ts'
import { type DecodingOptions, type DriverField, decodeRows, keepFloatsWhole } from './decoding.ts'

export type Callback<T extends unknown[]> = (error: unknown, ...results: T) => void

type ResultCallback = Callback<[result: unknown, fields: unknown]>

/** The part of a mysql2 connection that is used here. */
export interface DriverConnection {
  readonly config: object
  readonly threadId: number
  connect(callback?: Callback<[]>): void
  destroy(): void
  release(): void
  query(sql: string | DriverStatement, parameters?: unknown, callback?: ResultCallback): DriverQuery
  execute(options: DriverStatement, callback: ResultCallback): DriverQuery
}

interface DriverStatement {
  readonly sql: string
  readonly values: readonly unknown[]
  readonly rowsAsArray: true
}

interface DriverQuery {
  on(event: 'fields', listener: (fields: readonly DriverField[] | undefined) => void): unknown
  stream(options: object): AsyncIterable<unknown>
}

const lookup = Symbol('lookup')

/** What goes with the parameters of a lookup. */
interface LookupMark {
  readonly [lookup]: { readonly deadline: Deadline }
}

/**
 * Parameters of a statement that is to be prepared, its rows answered as arrays, its connection destroyed at the deadline.
 * Kysely hands a compiled query's parameters to the connection untouched, so the mark travels through its executor.
 */
export function lookupParameters(values: readonly unknown[], deadline: Deadline): readonly unknown[] {
  return Object.assign([...values], { [lookup]: { deadline } })
}

export interface ConnectionOptions {
  readonly decoding: DecodingOptions
  /** Whether lookups are prepared. */
  readonly prepare: boolean
  /** Told when the connection is given back, or destroyed instead. */
  giveBack(): void
}

const ER_MAX_PREPARED_STMT_COUNT_REACHED = 1461
const SERVER_STATUS_IN_TRANS = 1

/** Wraps a connection: lookups are prepared, and what either protocol answers is decoded alike. */
export function wrapConnection(connection: DriverConnection, options: ConnectionOptions): DriverConnection {
  const { decoding } = options
  let inTransaction = false

  function decoded(callback: ResultCallback): ResultCallback {
    return (error, result, fields) => {
      if (error) return callback(error, result, fields)
      const status = (result as { serverStatus?: unknown } | undefined)?.serverStatus
      if (typeof status === 'number') inTransaction = (status & SERVER_STATUS_IN_TRANS) !== 0
      try {
        decodeResult(result, fields, decoding)
      } catch (failure) {
        return callback(failure, undefined, undefined)
      }
      callback(null, result, fields)
    }
  }

  function text(sql: string | DriverStatement, parameters: unknown, callback: ResultCallback): DriverQuery {
    const query = connection.query(sql, parameters, decoded(callback))
    query.on('fields', (fields) => fields && keepFloatsWhole(fields))
    return query
  }

  function runLookup(sql: string, parameters: readonly unknown[] & LookupMark, callback: ResultCallback) {
    const { deadline } = parameters[lookup]
    const statement: DriverStatement = { sql, values: parameters, rowsAsArray: true }
    let settled = false
    const settle: ResultCallback = (error, result, fields) => {
      if (settled) return
      settled = true
      forget()
      callback(error, result, fields)
    }
    // The reply may still come: nobody else may get a connection that waits for it.
    const forget = deadline.onExpire((error) => {
      connection.destroy()
      settle(error, undefined, undefined)
    })
    if (!options.prepare) return text(statement, parameters, settle)
    return connection.execute(
      statement,
      decoded((error, result, fields) => {
        if ((error as { errno?: unknown } | null)?.errno !== ER_MAX_PREPARED_STMT_COUNT_REACHED) {
          return settle(error, result, fields)
        }
        text(statement, parameters, settle)
      }),
    )
  }

  return {
    config: connection.config,
    threadId: connection.threadId,
    connect: (callback) => connection.connect(callback),
    destroy: () => connection.destroy(),
    release() {
      // Its next user would read what is not committed.
      if (inTransaction) connection.destroy()
      else connection.release()
      options.giveBack()
    },
    execute: (statement, callback) => connection.execute(statement, decoded(callback)),
    query(sql, parameters, callback) {
      if (!callback) return decodedQuery(connection.query(sql, parameters), decoding)
      if (isLookup(parameters)) return runLookup(sql as string, parameters, callback)
      return text(sql, parameters, callback)
    },
  }
}

function isLookup(parameters: unknown): parameters is readonly unknown[] & LookupMark {
  return Array.isArray(parameters) && lookup in parameters
}

/** A CALL or several statements in one text answer a list of results; anything else answers one. */
function decodeResult(result: unknown, fields: unknown, decoding: DecodingOptions): void {
  if (!Array.isArray(result) || !Array.isArray(fields)) return
  if (fields.some(Array.isArray)) {
    for (const [index, part] of result.entries()) decodeResult(part, fields[index], decoding)
  } else {
    decodeRows(result, fields as DriverField[], decoding)
  }
}

function decodedQuery(query: DriverQuery, decoding: DecodingOptions): DriverQuery {
  let fields: readonly DriverField[] = []
  query.on('fields', (received = []) => {
    keepFloatsWhole(received)
    fields = received
  })
  return {
    on: (event, listener) => query.on(event, listener),
    async *stream(options) {
      for await (const row of query.stream(options)) {
        decodeRows([row], fields, decoding)
        yield row
      }
    },
  }
}
