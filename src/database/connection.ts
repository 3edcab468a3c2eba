import { prepareFields } from '../columns/decoding.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import { isConnectionLoss } from './connection-loss.ts'
import { currentDeadline, type Deadline } from './deadline.ts'
import {
  cutConnection,
  type DriverConnection,
  type DriverStatement,
  type ResultCallback,
} from './driver-connection.ts'
import { isDescription, type LookupMark, lookupIn } from './parameter-marks.ts'
import type { Ask, ProgramSession, SessionNeeds } from './program-session.ts'
import { createStreamDecoder, decodeResult } from './result-decoding.ts'
import { ER_MAX_PREPARED_STMT_COUNT_REACHED, errorNumber } from './server-errors.ts'

/** The connection that Kysely's driver gets, and that lookups are sent on. */
export interface Connection extends Pick<DriverConnection, 'config' | 'threadId' | 'connect'> {
  /** The table that a lookup holds it for, if one does. */
  table?: string | undefined
  /** Whoever waits for an answer on it gets the reason. */
  destroy(reason?: Error): void
  release(): void
  /** Sends a lookup: prepared where that is wanted, its rows answered as arrays. */
  lookup(statement: LookupStatement, callback: ResultCallback): void
  /** Rejects where an answer in its session would be wrong. */
  check(needs: SessionNeeds, deadline: Deadline | undefined): Promise<void>
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

export interface ConnectionOptions {
  readonly decoding: DecodingOptions
  /** What programs do to the session; absent where no program can. */
  readonly session?: ProgramSession
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
      if (error && isConnectionLoss(error)) destroy(error as Error)
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

  function runPrepared(statement: DriverStatement, callback: ResultCallback): void {
    if (!options.prepare) {
      text(statement, statement.values, callback)
      return
    }
    const query = connection.execute(
      statement,
      decoded((error, result, fields) => {
        if (!error || errorNumber(error) !== ER_MAX_PREPARED_STMT_COUNT_REACHED) {
          return callback(error, result, fields)
        }
        text(statement, statement.values, callback)
      }),
    )
    query.on('fields', (fields = []) => prepareFields(fields, 'binary'))
  }

  function lookup({ sql, values, deadline }: LookupStatement, callback: ResultCallback): void {
    send(callback, (settle) => runPrepared({ sql, values, rowsAsArray: true }, settle), deadline)
  }

  /** A lookup in the session of a program, after what has to be asked of it. */
  function lookupInSession(sql: string, values: readonly unknown[], { mark, callback }: MarkedLookup): void {
    if (session) mark.ranIn?.(session)
    const settled: ResultCallback = (error, result, fields) => {
      if (error) session?.forget()
      callback(error, result, fields)
    }
    send(settled, (settle) => {
      const run = () => runPrepared({ sql, values, rowsAsArray: true }, settle)
      const checked = session?.check(mark, ask)
      if (checked) checked.then(run, (error) => settle(error, undefined, undefined))
      else run()
    })
  }

  // As text: what is prepared runs in the database that was current then.
  const ask: Ask = (sql) =>
    new Promise((resolve, reject) => {
      connection.query(sql, [], (error, result) => (error ? reject(error) : resolve(result)))
    })

  function streamed(sql: string, parameters: unknown): RowStream {
    return {
      async *stream(options) {
        if (lost) throw lost
        session?.use(sql)
        const query = connection.query(sql, parameters)
        const decode = createStreamDecoder(query, decoding)
        const rows = query.stream(options)
        const stop = (reason: Error) => rows.destroy(reason)
        pending.push(stop)
        try {
          for await (const row of rows) {
            decode(row)
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
    const mark = lookupIn(parameters)
    if (mark) {
      lookupInSession(sql, parameters as readonly unknown[], { mark, callback })
      return undefined
    }
    if (isDescription(parameters)) {
      send(callback, (settle) => text(sql, [], (error, _, fields) => settle(error, fields, undefined)))
      return undefined
    }
    const rollBack = session?.use(sql)
    // What Kysely begins a transaction with begins a block of PL/SQL in MariaDB's sql_mode ORACLE.
    const statement = sql === 'begin' ? 'start transaction' : sql
    send(callback, (settle) => {
      const run = () => text(statement, parameters, settle)
      if (rollBack)
        connection.query('rollback', [], (error) => (error ? settle(error, undefined, undefined) : run()))
      else run()
    })
    return undefined
  }

  const wrapped: Connection = {
    config: connection.config,
    threadId: connection.threadId,
    connect: (callback) => connection.connect(callback),
    destroy: (reason = new Error('The connection was destroyed.')) => destroy(reason),
    release() {
      if (session?.isRefused) destroy(new Error('The session was altered, and a lookup was refused in it.'))
      options.giveBack(wrapped, lost === undefined)
    },
    lookup,
    check: (needs, deadline) =>
      new Promise((resolve, reject) => {
        send(
          (error) => (error ? reject(error) : resolve()),
          (settle) => {
            Promise.resolve(session?.check(needs, ask)).then(
              () => settle(null, undefined, undefined),
              (error) => settle(error, undefined, undefined),
            )
          },
          deadline,
        )
      }),
    query,
  }
  return wrapped
}

interface MarkedLookup {
  readonly mark: LookupMark
  readonly callback: ResultCallback
}
