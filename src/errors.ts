/**
 * What went wrong. Codes are stable; `docs/errors.md` says more about each.
 *
 * @example
 * ```ts
 * const worthRetrying: readonly LookupErrorCode[] = ['KYSELY_LOOKUP_TIMEOUT', 'KYSELY_LOOKUP_CONNECTION_LOST']
 * ```
 */
export type LookupErrorCode =
  /** The setup cannot work. Do what the error's `fix` says; its `kind` says what it is about. */
  | 'KYSELY_LOOKUP_CONFIGURATION'
  /** A value cannot be a key of the table, and was not sent. Validate what comes from outside before. */
  | 'KYSELY_LOOKUP_INVALID_KEY'
  /** `findByKeyOrThrow` found no row. Use `findByKey` where a row may be missing. */
  | 'KYSELY_LOOKUP_ROW_NOT_FOUND'
  /** A stored value has no JavaScript value of the generated type. Fix the row, or choose another type for the column. */
  | 'KYSELY_LOOKUP_UNREPRESENTABLE_VALUE'
  /** The server did not answer within `timeout`. Nothing of the read is remembered: try again. */
  | 'KYSELY_LOOKUP_TIMEOUT'
  /** The connection was lost, or none could be made, at the third try too. Try again when the server is back. */
  | 'KYSELY_LOOKUP_CONNECTION_LOST'
  /** More keys wait for the server than `maxWaitingKeys` allows. Shed load, and ask for fewer keys at a time. */
  | 'KYSELY_LOOKUP_TOO_MANY_WAITING'
  /** The server is behind what this process has seen, as a replica may be. Read from the primary. */
  | 'KYSELY_LOOKUP_STALE_READ'
  /** Code that continued after its request read what may contradict what the request has seen. */
  | 'KYSELY_LOOKUP_SCOPE_ENDED'
  /** A read came after `db.destroy()`. End what reads before, and the database last. */
  | 'KYSELY_LOOKUP_DATABASE_DESTROYED'
  /** The server has another number of rows than keys were sent, or than a write may change. Run `kysely-lookup generate`. */
  | 'KYSELY_LOOKUP_PROTOCOL'
  /** A call was made in a `$transaction` that has ended. Await what it starts, or start it with `$withoutTransaction`. */
  | 'KYSELY_LOOKUP_TRANSACTION_ENDED'
  /** A part of a `$transaction` failed and the rest went on: all was rolled back. Let errors reach the outermost `$transaction`. */
  | 'KYSELY_LOOKUP_TRANSACTION_FAILED'
  /** A date or bytes of a row were read on another object, such as a Proxy. Give the Proxy a copy: `{ ...row }`. */
  | 'KYSELY_LOOKUP_FOREIGN_RECEIVER'
  /** `amend` could not keep to one transaction, or waited too long for another `amend`. The table is frozen. */
  | 'KYSELY_LOOKUP_AMEND'
  /** `expectStatements` counted another number of statements than it was given. */
  | 'KYSELY_LOOKUP_STATEMENT_COUNT'

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
  readonly code: LookupErrorCode

  constructor(code: LookupErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

/**
 * What a {@link ConfigurationError} is about. Kinds are stable.
 *
 * @example
 * ```ts
 * const needsMigration: readonly ConfigurationKind[] = ['generated-file', 'versions']
 * ```
 */
export type ConfigurationKind =
  /** An option or argument. */
  | 'option'
  /** The mysql2 pool that was given. */
  | 'pool'
  /** The database that the connection has selected. */
  | 'connection'
  /** A setting of the connection's session. */
  | 'session'
  /** Values are read in another way than the generated types say. */
  | 'decoding'
  /** A plugin of the Kysely instance. */
  | 'plugin'
  /** The generated file is not what the database is now. */
  | 'generated-file'
  /** The keys of `generate --constants`. */
  | 'constants'
  /** The version table, its rows, or the triggers of a tracked or frozen table. */
  | 'versions'
  /** The table cannot be tracked or frozen as it is. */
  | 'table'
  /** A transaction where none can be, or the lack of one. */
  | 'transaction'
  /** A right, or a setting of the server that stands in for one. */
  | 'rights'
  /** The migrations that `migrate` runs. */
  | 'migration'
  /** The throwaway server. */
  | 'server'

/**
 * The setup is wrong: the pool, an option, the generated file, a setting of the server. The message is `problem` and `fix`.
 *
 * @example
 * ```ts
 * await repos.$ready().catch((error: unknown) => {
 *   if (error instanceof ConfigurationError) console.error(error.kind, error.fix)
 *   throw error
 * })
 * ```
 */
export class ConfigurationError extends LookupError {
  /** What it is about. */
  readonly kind: ConfigurationKind
  /** What is wrong, without a full stop. */
  readonly problem: string
  /** What to do, in sentences. */
  readonly fix: string

  constructor({ kind, problem, fix, cause }: Pick<ConfigurationError, 'kind' | 'problem' | 'fix' | 'cause'>) {
    super('KYSELY_LOOKUP_CONFIGURATION', `${problem}. ${fix}`, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.problem = problem
    this.fix = fix
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
  /** The column whose value is wrong, where it is that of one column. */
  declare readonly column?: string
  /** The key as it was passed, for logs; only with `createRepositories({ errorKeys: true })`. */
  declare readonly key?: unknown

  constructor(table: string, message: string, details: Pick<InvalidKeyError, 'column' | 'key'> = {}) {
    super('KYSELY_LOOKUP_INVALID_KEY', `${table}: ${message}`)
    this.table = table
    Object.assign(this, details)
  }
}

/**
 * `findByKeyOrThrow` or `findReferencedOrThrow` found no row.
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
  /** The key's columns. */
  readonly columns: readonly string[]
  /** The key as it was passed, for logs; only with `createRepositories({ errorKeys: true })`. */
  declare readonly key?: unknown

  constructor(
    table: string,
    columns: readonly string[],
    details: Pick<RowNotFoundError, 'key'> & { readonly instead?: 'findByKey' | 'findReferenced' } = {},
  ) {
    const { instead = 'findByKey', ...key } = details
    super(
      'KYSELY_LOOKUP_ROW_NOT_FOUND',
      `${table}: no row for the given ${columns.join(', ')}. Use ${instead} where an absence is expected.`,
    )
    this.table = table
    this.columns = columns
    Object.assign(this, key)
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
