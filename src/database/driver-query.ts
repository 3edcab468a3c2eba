import { prepareTextFields } from '../columns/decoding.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import type { Deadline } from './deadline.ts'
import type { DriverConnection, DriverStatement, ResultCallback } from './driver-connection.ts'
import { isDescription, type LookupMark, lookupIn, writeIn } from './parameter-marks.ts'
import type { Ask, ProgramSession, SessionNeeds } from './program-session.ts'
import { createStreamDecoder, decodeResult } from './result-decoding.ts'
import { plainMeaning, ROLLBACK } from './statement.ts'

/** Sends what Kysely's driver has been given: queries, streams, and lookups of a transaction. */
export interface Query {
  (sql: string, parameters: unknown): RowStream
  (sql: string, parameters: unknown, callback: ResultCallback): void
}

interface RowStream {
  stream(options: object): AsyncIterable<unknown>
}

/** A connection's statements under way. */
export interface StatementsUnderWay {
  /** Why nothing can be sent any more, if so. */
  lost(): Error | undefined
  /** Sends a statement; at the deadline the connection is destroyed, for its reply may still come. */
  send(
    callback: ResultCallback,
    statement: (callback: ResultCallback) => void,
    deadline?: Deadline | undefined,
  ): void
  /** Sends a statement, prepared where that is wanted. */
  runPrepared(statement: DriverStatement, callback: ResultCallback): void
  /** Asks the session. */
  readonly ask: Ask
  /** Calls back with the reason if the connection is lost. Returns a function that stops listening. */
  onLoss(stop: (reason: Error) => void): () => void
}

export interface QueryOptions {
  readonly decoding: DecodingOptions
  readonly session: ProgramSession | undefined
  readonly underWay: StatementsUnderWay
}

/** @see Query */
export function createQuery(connection: DriverConnection, options: QueryOptions): Query {
  const { decoding, session, underWay } = options

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

  function text(sql: string, parameters: unknown, callback: ResultCallback): void {
    const query = connection.query(sql, parameters, decoded(callback))
    query.on('fields', (fields = []) => prepareTextFields(fields))
  }

  /** A lookup in the session of a program, once the session was checked. */
  function lookup(sql: string, values: readonly unknown[], { mark, callback }: MarkedLookup): void {
    if (session) mark.ranIn?.(session)
    const settled: ResultCallback = (error, result, fields) => {
      if (error) session?.forget()
      callback(error, result, fields)
    }
    underWay.send(settled, (settle) => {
      const run = () => underWay.runPrepared({ sql, values, rowsAsArray: true }, decoded(settle))
      const checked = session?.check(mark, underWay.ask)
      if (checked) checked.then(run, (error) => settle(error, undefined, undefined))
      else run()
    })
  }

  function streamed(sql: string, parameters: unknown): RowStream {
    return {
      async *stream(options) {
        const lost = underWay.lost()
        if (lost) throw lost
        session?.use(sql)
        const query = connection.query(sql, parameters)
        const decode = createStreamDecoder(query, decoding)
        const rows = query.stream(options)
        const stopListening = underWay.onLoss((reason) => rows.destroy(reason))
        try {
          for await (const row of rows) {
            decode(row)
            yield row
          }
        } finally {
          stopListening()
        }
      },
    }
  }

  function run(sql: string, parameters: unknown, callback: ResultCallback): void {
    const mark = lookupIn(parameters)
    const needs = writeIn(parameters)
    if (mark) lookup(sql, parameters as readonly unknown[], { mark, callback })
    else if (needs && session) write(sql, parameters, { needs, session, callback })
    else if (isDescription(parameters)) describe(sql, callback)
    else query(sql, parameters, callback)
  }

  /** A write of a repository in the session of a program, once the session was checked. */
  function write(sql: string, parameters: unknown, { needs, session, callback }: MarkedWrite): void {
    underWay.send(callback, (settle) => {
      const run = () => {
        session.use(sql)
        text(sql, parameters, settle)
      }
      // The driver throws for values that it cannot write.
      const fail = (error: unknown) => settle(error, undefined, undefined)
      session.checkWrite(needs, underWay.ask).then(run).catch(fail)
    })
  }

  function describe(sql: string, callback: ResultCallback): void {
    underWay.send(callback, (settle) => text(sql, [], (error, _, fields) => settle(error, fields, undefined)))
  }

  function query(sql: string, parameters: unknown, callback: ResultCallback): void {
    const rollBack = session?.use(sql)
    const statement = plainMeaning(sql)
    underWay.send(callback, (settle) => {
      const run = () => text(statement, parameters, settle)
      if (rollBack)
        connection.query(ROLLBACK, [], (error) => (error ? settle(error, undefined, undefined) : run()))
      else run()
    })
  }

  return ((sql: string, parameters: unknown, callback?: ResultCallback) =>
    callback ? run(sql, parameters, callback) : streamed(sql, parameters)) as Query
}

interface MarkedLookup {
  readonly mark: LookupMark
  readonly callback: ResultCallback
}

interface MarkedWrite {
  readonly needs: SessionNeeds
  readonly session: ProgramSession
  readonly callback: ResultCallback
}
