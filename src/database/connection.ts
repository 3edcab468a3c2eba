import type { DriverField } from '../columns/column-type.ts'
import { createRowDecoder, prepareFields, type RowDecoder } from '../columns/decoding.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import { isConnectionLoss } from './connection-loss.ts'
import { currentDeadline, type Deadline } from './deadline.ts'
import { isDescription, isLookup } from './parameter-marks.ts'
import { ER_MAX_PREPARED_STMT_COUNT_REACHED, errorNumber } from './server-errors.ts'
import type { SessionState } from './session-tracking.ts'

export type Callback<T extends unknown[]> = (error: unknown, ...results: T) => void

type ResultCallback = Callback<[result: unknown, fields: unknown]>

/** The part of a mysql2 connection that is used here. */
export interface DriverConnection {
  readonly config: object
  readonly threadId: number
  readonly stream: { destroy(): void; once(event: 'close', listener: () => void): unknown }
  connect(callback?: Callback<[]>): void
  destroy(): void
  on(event: 'error', listener: (error: Error) => void): unknown
  query(sql: string | DriverStatement, parameters?: unknown, callback?: ResultCallback): DriverQuery
  execute(options: DriverStatement, callback: ResultCallback): DriverQuery
}

/** The connection that Kysely's driver gets, and that lookups are sent on. */
export interface Connection extends Pick<DriverConnection, 'config' | 'threadId' | 'connect'> {
  /** Whoever waits for an answer on it gets the reason. */
  destroy(reason?: Error): void
  release(): void
  /** Sends a lookup: prepared where that is wanted, its rows answered as arrays. */
  lookup(statement: LookupStatement, callback: ResultCallback): void
  query(sql: string, parameters: unknown): RowStream
  query(sql: string, parameters: unknown, callback: ResultCallback): void
}

export interface LookupStatement {
  readonly sql: string
  readonly values: readonly unknown[]
  readonly deadline: Deadline | undefined
}

interface RowStream {
  stream(options: object): AsyncIterable<unknown>
}

interface DriverStatement {
  readonly sql: string
  readonly values: readonly unknown[]
  readonly rowsAsArray: true
}

interface DriverQuery {
  on(event: 'fields', listener: (fields: readonly DriverField[] | undefined) => void): unknown
  on(event: 'result', listener: () => void): unknown
  stream(options: object): AsyncIterable<unknown> & { destroy(reason: Error): unknown }
}

export interface ConnectionOptions {
  readonly decoding: DecodingOptions
  /** What the session was left in by whoever used it; absent where nobody else can use it. */
  readonly session?: SessionState
  /** Whether lookups are prepared. */
  readonly prepare: boolean
  /** Told when the connection is given back; only one that is intact may be used again. */
  giveBack(connection: Connection, intact: boolean): void
  /** Told when it is lost or destroyed, held or not. */
  onLost?(connection: Connection): void
}

/** Wraps a connection: lookups are prepared, what either protocol answers is decoded alike, and deadlines are kept. */
export function wrapConnection(connection: DriverConnection, options: ConnectionOptions): Connection {
  const { decoding, session } = options
  // A list: it has one member as a rule, and a Set would keep answers alive, see createTimeLimit.
  const pending: ((reason: Error) => void)[] = []
  let lost: Error | undefined

  function remove(settle: (reason: Error) => void): boolean {
    const at = pending.indexOf(settle)
    if (at >= 0) pending.splice(at, 1)
    return at >= 0
  }

  function destroy(reason: Error): void {
    if (lost) return
    lost = reason
    cutConnection(connection)
    options.onLost?.(wrapped)
    for (const settle of [...pending]) settle(reason)
  }

  // A stream is told of nothing by the driver.
  connection.on('error', destroy)

  /** Sends a statement; at the deadline the connection is destroyed, for its reply may still come. */
  function send(
    callback: ResultCallback,
    statement: (callback: ResultCallback) => void,
    deadline = currentDeadline(),
  ): void {
    if (lost) {
      callback(lost, undefined, undefined)
      return
    }
    const settle: ResultCallback = (error, result, fields) => {
      if (!remove(give)) return
      forget?.()
      if (isConnectionLoss(error)) destroy(error as Error)
      callback(error, result, fields)
    }
    const give = (reason: Error) => settle(reason, undefined, undefined)
    pending.push(give)
    const forget = deadline?.onExpire(destroy)
    if (!lost) statement(settle)
  }

  function decoded(callback: ResultCallback): ResultCallback {
    return (error, result, fields) => {
      if (error) return callback(error, result, fields)
      session?.receive(result)
      try {
        decodeResult(result, fields, decoding)
      } catch (failure) {
        return callback(failure, undefined, undefined)
      }
      callback(null, result, fields)
    }
  }

  function text(sql: string | DriverStatement, parameters: unknown, callback: ResultCallback): void {
    const query = connection.query(sql, parameters, decoded(callback))
    query.on('fields', (fields = []) => prepareFields(fields, 'text'))
  }

  function runLookup(sql: string, values: readonly unknown[], callback: ResultCallback): void {
    const statement: DriverStatement = { sql, values, rowsAsArray: true }
    if (!options.prepare) {
      text(statement, values, callback)
      return
    }
    const query = connection.execute(
      statement,
      decoded((error, result, fields) => {
        if (errorNumber(error) !== ER_MAX_PREPARED_STMT_COUNT_REACHED) {
          return callback(error, result, fields)
        }
        text(statement, values, callback)
      }),
    )
    query.on('fields', (fields = []) => prepareFields(fields, 'binary'))
  }

  function streamed(sql: string, parameters: unknown): RowStream {
    // Rows wait in the stream while the fields of the next result arrive.
    const results: { readonly decode: RowDecoder | undefined; rows: number }[] = []
    return {
      async *stream(options) {
        if (lost) throw lost
        const query = connection.query(sql, parameters)
        query.on('fields', (fields = []) => {
          prepareFields(fields, 'text')
          results.push({ decode: createRowDecoder(fields, decoding), rows: 0 })
        })
        query.on('result', () => results.at(-1)!.rows++)
        const rows = query.stream(options)
        const stop = (reason: Error) => rows.destroy(reason)
        pending.push(stop)
        try {
          for await (const row of rows) {
            while (results[0]!.rows === 0) results.shift()
            results[0]!.rows--
            results[0]!.decode?.(row)
            yield row
          }
        } finally {
          remove(stop)
        }
      },
    }
  }

  function query(sql: string, parameters: unknown): RowStream
  function query(sql: string, parameters: unknown, callback: ResultCallback): void
  function query(sql: string, parameters: unknown, callback?: ResultCallback): RowStream | undefined {
    if (!callback) return streamed(sql, parameters)
    if (isLookup(parameters, session)) {
      send(callback, (settle) => runLookup(sql, parameters, settle))
    } else if (isDescription(parameters)) {
      send(callback, (settle) => text(sql, [], (error, _, fields) => settle(error, fields, undefined)))
    } else {
      session?.send(sql)
      // What Kysely begins a transaction with begins a block of PL/SQL in MariaDB's sql_mode ORACLE.
      const statement = sql === 'begin' ? 'start transaction' : sql
      send(callback, (settle) => text(statement, parameters, settle))
    }
    return undefined
  }

  const wrapped: Connection = {
    config: connection.config,
    threadId: connection.threadId,
    connect: (callback) => connection.connect(callback),
    destroy: (reason = new Error('The connection was destroyed.')) => destroy(reason),
    release() {
      // Its next user would read what is not committed, or one old snapshot for ever.
      if (session?.unfit) destroy(new Error(`The connection was released with ${session.unfit.what}.`))
      options.giveBack(wrapped, lost === undefined)
    },
    lookup: ({ sql, values, deadline }, callback) =>
      send(callback, (settle) => runLookup(sql, values, settle), deadline),
    query,
  }
  return wrapped
}

/** The driver's own `destroy` waits for the server to close its side, which a server that is paused never does. */
export function cutConnection(connection: DriverConnection): void {
  connection.destroy()
  connection.stream.destroy()
}

/**
 * A CALL or several statements in one text answer a list of results; anything else answers one. A result without rows,
 * as of an UPDATE, has no fields.
 */
function decodeResult(result: unknown, fields: unknown, decoding: DecodingOptions): void {
  if (!Array.isArray(result) || !Array.isArray(fields)) return
  if (fields[0] === undefined || Array.isArray(fields[0])) {
    for (const [index, part] of result.entries()) decodeResult(part, fields[index], decoding)
    return
  }
  const decode = createRowDecoder(fields as DriverField[], decoding)
  if (decode) for (const row of result) decode(row)
}
