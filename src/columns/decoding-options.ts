/**
 * How to read values for which JavaScript has more than one type. Give `kysely-lookup generate` the same options.
 *
 * @example
 * ```ts
 * const decoding: DecodingOptions = { bigint: 'bigint', tinyint1: 'boolean' }
 * ```
 */
export interface DecodingOptions {
  /**
   * BIGINT as `number` (default; an error beyond 2^53), `bigint` or `string`.
   *
   * @example
   * ```ts
   * createDatabase<DB>({ uri: process.env.DATABASE_URL, bigint: 'bigint' })
   * ```
   */
  readonly bigint?: 'number' | 'bigint' | 'string'
  /**
   * TINYINT(1), which is BOOLEAN, as `number` (default) or `boolean`. In an expression it is a number.
   *
   * @example
   * ```ts
   * createDatabase<DB>({ uri: process.env.DATABASE_URL, tinyint1: 'boolean' })
   * ```
   */
  readonly tinyint1?: 'number' | 'boolean'
  /**
   * `0000-00-00 00:00:00`, and dates with a zero month or day, in DATETIME and TIMESTAMP up to (3): an error (default) or `null`.
   *
   * @example
   * ```ts
   * createDatabase<DB>({ uri: process.env.DATABASE_URL, zeroDates: 'null' })
   * ```
   */
  readonly zeroDates?: 'error' | 'null'
}

/** One of the options above, as a column type names it. */
export interface DecodingOption {
  readonly name: keyof DecodingOptions
  /** The same option of `kysely-lookup generate`. */
  readonly flag: string
  readonly initial: 'number' | 'error'
  /** The member of the column's metadata that holds it, where it is not `initial`. */
  readonly member: 'as' | 'zeroDates'
}

/**
 * mysql2's own settings under which the decoders see every value in a lossless form, in both protocols.
 * (`typeCast` is no way to do this: in the binary protocol it can break the parser.)
 */
export function driverDecodingSettings(options: DecodingOptions) {
  return {
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: (options.bigint ?? 'number') !== 'number',
    decimalNumbers: false,
    jsonStrings: false,
  }
}
