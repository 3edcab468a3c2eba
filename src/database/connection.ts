import { AsyncLocalStorage } from 'node:async_hooks'
import { prepareJson, prepareTextFields } from '../columns/decoding.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import { LookupTimeoutError } from '../errors.ts'
import { isConnectionLoss } from './connection-loss.ts'
import { currentDeadline, type Deadline, type TimeLimit } from './deadline.ts'
import {
  cutConnection,
  type DriverConnection,
  type DriverStatement,
  type ResultCallback,
} from './driver-connection.ts'
import { createQuery, type Query, type StatementsUnderWay } from './driver-query.ts'
import type { ProgramSession, SessionNeeds } from './program-session.ts'
import { ER_MAX_PREPARED_STMT_COUNT_REACHED, errorNumber } from './server-errors.ts'

/** The connection that Kysely's driver gets, and that lookups are sent on. */
export interface Connection extends Pick<DriverConnection, 'config' | 'threadId' | 'connect'> {
  /** The table that a lookup holds it for, if one does. */
  table?: string | undefined
  /** Those who wait for an answer on it get the reason. */
  destroy(reason?: Error): void
  release(): void
  /** Sends a lookup: prepared where that is wanted, its rows as arrays of the driver's values. */
  lookup(statement: LookupStatement, callback: ResultCallback): void
  /** Rejects where an answer in its session would be wrong. */
  check(needs: SessionNeeds, deadline: Deadline | undefined): Promise<void>
  readonly query: Query
}

export interface LookupStatement {
  readonly sql: string
  readonly values: readonly unknown[]
  /** When its time is over, the connection is destroyed. */
  readonly limit: TimeLimit
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

// A timer that is started in a request would hold on to that request's scope. The socket keeps the process alive.
const outsideRequests = AsyncLocalStorage.snapshot()

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

  // The driver does not tell streams.
  connection.on('error', destroy)

  /** Answers once: the statement's result, or why the connection was lost before. */
  function begin(callback: ResultCallback, statement: (callback: ResultCallback) => void): void {
    if (lost) {
      callback(lost, undefined, undefined)
      return
    }
    const settle: ResultCallback = (error, result, fields) => {
      if (!remove(give)) return
      if (error && isConnectionLoss(error)) destroy(error as Error)
      // What a program has set may be why a lookup fails, and would be why again.
      if (error && session && wrapped.table !== undefined) session.isRefused ||= session.uses > 0
      callback(error, result, fields)
    }
    const give = (reason: Error) => settle(reason, undefined, undefined)
    pending.push(give)
    statement(settle)
  }

  const underWay: StatementsUnderWay = {
    lost: () => lost,
    send(callback, statement, deadline = currentDeadline()) {
      const forget = deadline?.onExpire(destroy)
      const settled: ResultCallback = (error, result, fields) => {
        forget?.()
        callback(error, result, fields)
      }
      begin(settled, statement)
    },
    runPrepared,
    // As text: what is prepared runs in the database that was current then.
    ask: (sql) =>
      new Promise((resolve, reject) => {
        connection.query(sql, [], (error, result) => (error ? reject(error) : resolve(result)))
      }),
    onLoss(stop) {
      pending.push(stop)
      return () => remove(stop)
    },
  }

  function runPrepared(statement: DriverStatement, callback: ResultCallback): void {
    if (!options.prepare) {
      runText(statement, callback)
      return
    }
    const query = connection.execute(statement, (error, result, fields) => {
      if (!error || errorNumber(error) !== ER_MAX_PREPARED_STMT_COUNT_REACHED) {
        return callback(error, result, fields)
      }
      runText(statement, callback)
    })
    query.on('fields', (fields = []) => {
      for (const field of fields) if (field.extendedFormat) prepareJson(field)
    })
  }

  function runText(statement: DriverStatement, callback: ResultCallback): void {
    const query = connection.query(statement, statement.values, callback)
    query.on('fields', (fields = []) => prepareTextFields(fields))
  }

  /** The limit of the lookup that is under way. */
  let current: TimeLimit | undefined
  // It goes on when the lookup has ended, for the next one: to stop it and to start it again costs more than the rest.
  let timer: NodeJS.Timeout | undefined
  let timedFor = 0

  function startTimer({ due }: TimeLimit): void {
    timedFor = due
    // Node warns of a negative time.
    const delay = Math.max(0, due - performance.now())
    timer = outsideRequests(() => setTimeout(expire, delay).unref())
  }

  function expire(): void {
    timer = undefined
    if (!current) return
    if (current.due > performance.now()) startTimer(current)
    else destroy(new LookupTimeoutError(current.what, current.timeout))
  }

  function lookup({ sql, values, limit }: LookupStatement, callback: ResultCallback): void {
    current = limit
    if (timer && limit.due < timedFor) {
      clearTimeout(timer)
      timer = undefined
    }
    if (!timer) startTimer(limit)
    const settled: ResultCallback = (error, result, fields) => {
      current = undefined
      callback(error, result, fields)
    }
    begin(settled, (settle) => runPrepared({ sql, values, rowsAsArray: true }, settle))
  }

  const wrapped: Connection = {
    config: connection.config,
    threadId: connection.threadId,
    connect: (callback) => connection.connect(callback),
    destroy: (reason = new Error('The connection was destroyed.')) => destroy(reason),
    release() {
      wrapped.table = undefined
      if (session?.isRefused) destroy(new Error('The session was altered, and a lookup was refused in it.'))
      options.giveBack(wrapped, lost === undefined)
    },
    lookup,
    check: (needs, deadline) =>
      new Promise((resolve, reject) => {
        underWay.send(
          (error) => (error ? reject(error) : resolve()),
          (settle) => {
            Promise.resolve(session?.check(needs, underWay.ask)).then(
              () => settle(null, undefined, undefined),
              (error) => settle(error, undefined, undefined),
            )
          },
          deadline,
        )
      }),
    query: createQuery(connection, { decoding, session, underWay }),
  }
  return wrapped
}
