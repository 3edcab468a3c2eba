import { type DecodingOptions, type DriverField, decodeRows } from './decoding.ts'

type Callback<T extends unknown[]> = (error: unknown, ...results: T) => void

/** The part of a mysql2 pool (the callback one) that is used here. */
export interface DriverPool {
  getConnection(callback: Callback<[connection: DriverConnection]>): void
  end(callback: Callback<[]>): void
}

interface DriverConnection {
  readonly config: object
  readonly threadId: number
  connect(callback?: Callback<[]>): void
  destroy(): void
  release(): void
  query(sql: string, parameters?: unknown, callback?: Callback<[unknown, unknown]>): DriverQuery
  execute(options: DriverStatement, callback: Callback<[unknown, unknown]>): DriverQuery
}

interface DriverStatement {
  readonly sql: string
  readonly values: readonly unknown[]
  readonly rowsAsArray: true
}

interface DriverQuery {
  on(event: 'fields', listener: (fields: readonly DriverField[]) => void): unknown
  stream(options: object): AsyncIterable<unknown>
}

const prepared = Symbol('prepared')

/**
 * Parameters of a statement that is to be prepared, its rows answered as arrays. Kysely hands a compiled query's
 * parameters to the connection untouched, so the mark travels through its executor.
 */
export function preparedParameters(values: readonly unknown[]): readonly unknown[] {
  return Object.assign([...values], { [prepared]: true })
}

// Every connection speaks UTC, whatever the server's default is: a TIMESTAMP then reads and matches the same everywhere.
const SESSION_SETUP = "set time_zone = '+00:00'"

/** How long (ms) an end waits for those who still hold a connection. */
const END_PATIENCE = 10_000

/**
 * Wraps a mysql2 pool for Kysely's MySQL driver, which only knows the text protocol: statements with
 * {@link preparedParameters} are executed prepared, and the results of both protocols are decoded alike.
 * An end lets running statements and transactions finish first.
 */
export function wrapPool(pool: DriverPool, decoding: DecodingOptions): DriverPool {
  const known = new WeakMap<DriverConnection, DriverConnection>()
  let held = 0
  let ended: (() => void) | undefined

  function giveBack(): void {
    held--
    if (held === 0) ended?.()
  }

  function setUp(connection: DriverConnection, callback: Callback<[connection: DriverConnection]>): void {
    connection.query(SESSION_SETUP, [], (failure) => {
      if (failure) {
        connection.destroy()
        giveBack()
        return callback(failure, connection)
      }
      const fresh = wrapConnection(connection, decoding, giveBack)
      known.set(connection, fresh)
      callback(null, fresh)
    })
  }

  return {
    end(callback) {
      const patience = setTimeout(() => ended?.(), END_PATIENCE)
      ended = () => {
        ended = undefined
        clearTimeout(patience)
        pool.end(callback)
      }
      if (held === 0) ended()
    },
    getConnection(callback) {
      held++
      pool.getConnection((error, connection) => {
        if (error) {
          giveBack()
          return callback(error, connection)
        }
        const wrapped = known.get(connection)
        if (wrapped) callback(null, wrapped)
        else setUp(connection, callback)
      })
    },
  }
}

function wrapConnection(
  connection: DriverConnection,
  decoding: DecodingOptions,
  giveBack: () => void,
): DriverConnection {
  function decoded(callback: Callback<[unknown, unknown]>): Callback<[unknown, unknown]> {
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
  return {
    config: connection.config,
    threadId: connection.threadId,
    connect: (callback) => connection.connect(callback),
    destroy: () => connection.destroy(),
    release() {
      connection.release()
      giveBack()
    },
    execute: (options, callback) => connection.execute(options, decoded(callback)),
    query(sql, parameters, callback) {
      if (!callback) return decodedQuery(connection.query(sql, parameters), decoding)
      if (!isPrepared(parameters)) return connection.query(sql, parameters, decoded(callback))
      return connection.execute({ sql, values: parameters, rowsAsArray: true }, decoded(callback))
    },
  }
}

function isPrepared(parameters: unknown): parameters is readonly unknown[] {
  return Array.isArray(parameters) && prepared in parameters
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
  query.on('fields', (received) => {
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
