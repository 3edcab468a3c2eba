/** Base of every error that this library throws on purpose; `code` is stable, the message is for people. */
export class LookupError extends Error {
  readonly code: string

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/** The set-up is wrong (pool, option, generated file, server setting); the message holds the mend. */
export class ConfigurationError extends LookupError {
  constructor(message: string, options?: ErrorOptions) {
    super('KYSELY_LOOKUP_CONFIGURATION', message, options)
  }
}

/** A value that cannot be a key of the named table; it never reaches the server. Holds no key value. */
export class InvalidKeyError extends LookupError {
  readonly table: string

  constructor(table: string, message: string) {
    super('KYSELY_LOOKUP_INVALID_KEY', `${table}: ${message}`)
    this.table = table
  }
}

/** `findByKeyOrThrow` found no row. Holds no key value: a message may end up in a log. */
export class RowNotFoundError extends LookupError {
  readonly table: string

  constructor(table: string, columns: readonly string[]) {
    super(
      'KYSELY_LOOKUP_ROW_NOT_FOUND',
      `${table}: no row for the given ${columns.join(', ')}. Use findByKey where an absence is expected.`,
    )
    this.table = table
  }
}

/** The server holds a value that the column's JavaScript type cannot represent. Holds no value. */
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

/** A statement was not answered in time; its connection is destroyed. Nothing of it is remembered: ask again. */
export class LookupTimeoutError extends LookupError {
  constructor(what: string, timeout: number) {
    super(
      'KYSELY_LOOKUP_TIMEOUT',
      `${what}: no answer within ${timeout} ms, the wait for a connection included. Is the server away, or the pool too small?`,
    )
  }
}
