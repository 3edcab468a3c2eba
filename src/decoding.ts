import { UnrepresentableValueError } from './errors.ts'

/** How values that JavaScript has more than one type for are read; the generated types follow the same options. */
export interface DecodingOptions {
  /** BIGINT as `number` (default; an error beyond 2^53), `bigint` or `string`. */
  readonly bigint?: 'number' | 'bigint' | 'string'
  /** TINYINT(1) as `number` (default) or `boolean`. */
  readonly tinyint1?: 'number' | 'boolean'
  /** `0000-00-00 00:00:00` and its kin in DATETIME and TIMESTAMP: an error (default) or `null`. */
  readonly zeroDates?: 'error' | 'null'
}

/** What decoding needs of mysql2's column definitions. */
export interface DriverField {
  readonly name: string
  readonly columnType?: number
  readonly columnLength?: number
  readonly decimals?: number
}

export type Decoder = (value: unknown) => unknown

/**
 * mysql2's own settings under which the decoders below see every value in a lossless form, in both protocols.
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

// Column type codes of the client/server protocol.
const TINY = 1
const TIMESTAMP = 7
const LONGLONG = 8
const DATETIME = 12

/** A Date holds milliseconds: columns with more digits stay text, or their own value would not find them again. */
export const DATE_PRECISION_LIMIT = 3

/** The decoder of one result column, or `undefined` where the driver's value is right already. */
export function decoderFor(field: DriverField, options: DecodingOptions): Decoder | undefined {
  switch (field.columnType) {
    case LONGLONG:
      return bigintDecoder(field, options.bigint ?? 'number')
    case TINY:
      return options.tinyint1 === 'boolean' && field.columnLength === 1 ? decodeBoolean : undefined
    case DATETIME:
    case TIMESTAMP:
      return (field.decimals ?? 0) <= DATE_PRECISION_LIMIT ? dateDecoder(field, options) : undefined
    default:
      return undefined
  }
}

function bigintDecoder(field: DriverField, as: 'number' | 'bigint' | 'string'): Decoder | undefined {
  if (as === 'string') return undefined
  if (as === 'bigint') return (value) => (value === null ? null : BigInt(value as string))
  // The driver answers a number up to 2^53 and a string beyond.
  return (value) => {
    if (typeof value !== 'string') return value
    throw new UnrepresentableValueError(
      field.name,
      "holds an integer beyond 2^53, which a number would round. Use createDatabase({ bigint: 'bigint' }) or 'string', and generate with the same --bigint.",
    )
  }
}

function decodeBoolean(value: unknown): unknown {
  return value === null ? null : value !== 0
}

function dateDecoder(field: DriverField, options: DecodingOptions): Decoder {
  return (value) => {
    if (typeof value !== 'string') return value
    const date = new Date(`${value.replace(' ', 'T')}Z`)
    if (!Number.isNaN(date.getTime())) return date
    if (options.zeroDates === 'null') return null
    throw new UnrepresentableValueError(
      field.name,
      "holds a date with a zero part, which a Date cannot hold. Mend the row, or use createDatabase({ zeroDates: 'null' }).",
    )
  }
}

/**
 * Decodes a result in place: rows as arrays (lookups) or objects (plain Kysely queries).
 * In rows as arrays a value that cannot be represented becomes its error, so that it concerns only who asked for
 * that row; in rows as objects it is thrown.
 */
export function decodeRows(
  rows: readonly unknown[],
  fields: readonly DriverField[],
  options: DecodingOptions,
): void {
  const decoders: { at: number; name: string; decode: Decoder }[] = []
  for (const [at, field] of fields.entries()) {
    const decode = decoderFor(field, options)
    if (decode) decoders.push({ at, name: field.name, decode })
  }
  if (decoders.length === 0) return
  for (const row of rows) {
    if (Array.isArray(row)) {
      for (const { at, decode } of decoders) row[at] = decodeOrError(decode, row[at])
    } else {
      const record = row as Record<string, unknown>
      for (const { name, decode } of decoders) record[name] = decode(record[name])
    }
  }
}

function decodeOrError(decode: Decoder, value: unknown): unknown {
  try {
    return decode(value)
  } catch (error) {
    return error
  }
}
