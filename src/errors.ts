/**
 * The base of every error that this library throws on purpose. The message is for people; it never contains a password, a key or a
 * value of a row.
 *
 * @example
 * ```ts
 * await repos.country.findByKeyOrThrow('FR').catch((error: unknown) => {
 *   if (error instanceof LookupError) console.error(error.code)
 *   throw error
 * })
 * ```
 */
export class LookupError extends Error {
  /** What went wrong; codes are stable. */
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/**
 * The setup is wrong: the pool, an option, the generated file, a setting of the server. The message says what to fix.
 *
 * @example
 * ```ts
 * await repos.$ready().catch((error: unknown) => {
 *   if (error instanceof ConfigurationError) process.exitCode = 1
 *   throw error
 * })
 * ```
 */
export class ConfigurationError extends LookupError {
  constructor(message: string, options?: ErrorOptions) {
    super('KYSELY_LOOKUP_CONFIGURATION', message, options)
  }
}

/**
 * A value cannot be a key of the table. It was not sent to the server.
 *
 * @example
 * ```ts
 * await repos.city.findByKey(Number('Paris')).catch((error: unknown) => {
 *   if (error instanceof InvalidKeyError) return undefined
 *   throw error
 * })
 * ```
 */
export class InvalidKeyError extends LookupError {
  /** The table's name in the database. */
  readonly table: string

  constructor(table: string, message: string) {
    super('KYSELY_LOOKUP_INVALID_KEY', `${table}: ${message}`)
    this.table = table
  }
}

/**
 * `findByKeyOrThrow` found no row.
 *
 * @example
 * ```ts
 * await repos.country.findByKeyOrThrow('XX').catch((error: unknown) => {
 *   if (error instanceof RowNotFoundError) console.warn(`no such ${error.table}`)
 * })
 * ```
 */
export class RowNotFoundError extends LookupError {
  /** The table's name in the database. */
  readonly table: string

  constructor(table: string, columns: readonly string[]) {
    super(
      'KYSELY_LOOKUP_ROW_NOT_FOUND',
      `${table}: no row for the given ${columns.join(', ')}. Use findByKey where an absence is expected.`,
    )
    this.table = table
  }
}

/**
 * The server has a value that the column's generated type cannot represent.
 *
 * @example
 * ```ts
 * await repos.city.findByKey(2988507).catch((error: unknown) => {
 *   if (error instanceof UnrepresentableValueError) console.error(error.message) // names the column and the way out
 * })
 * ```
 */
export class UnrepresentableValueError extends LookupError {
  /** The column that holds it, with its table where that is known: `country.area`. */
  readonly column: string
  /** What is wrong with the value, and what to do. */
  readonly problem: string

  constructor(column: string, problem: string) {
    super('KYSELY_LOOKUP_UNREPRESENTABLE_VALUE', `column ${column}: ${problem}`)
    this.column = column
    this.problem = problem
  }
}

/**
 * The server did not answer in time. The connection is destroyed, and nothing is remembered: the next call tries again.
 *
 * @example
 * ```ts
 * await repos.country.findByKey('FR').catch((error: unknown) => {
 *   if (error instanceof LookupTimeoutError) return undefined // or answer 503
 *   throw error
 * })
 * ```
 */
export class LookupTimeoutError extends LookupError {
  constructor(what: string, timeout: number) {
    super(
      'KYSELY_LOOKUP_TIMEOUT',
      `${what}: no answer within ${timeout} ms, the wait for a connection included. Is the server away, or the pool too small?`,
    )
  }
}
