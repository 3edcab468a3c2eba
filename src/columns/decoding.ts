import { UnrepresentableValueError } from '../errors.ts'

/** How values that JavaScript has more than one type for are read; the generated types follow the same options. */
export interface DecodingOptions {
  /** BIGINT as `number` (default; an error beyond 2^53), `bigint` or `string`. */
  readonly bigint?: 'number' | 'bigint' | 'string'
  /** TINYINT(1), which is BOOLEAN, as `number` (default) or `boolean`. In an expression it is a number. */
  readonly tinyint1?: 'number' | 'boolean'
  /** `0000-00-00 00:00:00` and its kin in DATETIME and TIMESTAMP up to (3): an error (default) or `null`. */
  readonly zeroDates?: 'error' | 'null'
}

/** What decoding needs of mysql2's column definitions. */
export interface DriverField {
  readonly name: string
  /** The column's own name; empty where the value is an expression's. */
  readonly orgName?: string
  columnType?: number
  readonly columnLength?: number
  readonly decimals?: number
  readonly flags?: number
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
const FLOAT = 4
const DOUBLE = 5
const TIMESTAMP = 7
const LONGLONG = 8
const TIME = 11
const DATETIME = 12
const VECTOR = 242
const NEWDECIMAL = 246

const UNSIGNED_FLAG = 32

/** A Date holds milliseconds: columns with more digits stay text, or their own value would not find them again. */
export const DATE_PRECISION_LIMIT = 3

const FRACTION_LIMIT = 6

const readAsText = new WeakSet<DriverField>()

/**
 * Makes the driver hand out a text result's FLOAT and DOUBLE as they came, to be called before it reads the first row:
 * its own parser is off by a last digit now and then.
 */
export function keepFloatsWhole(fields: readonly DriverField[]): void {
  for (const field of fields) {
    if (field.columnType === FLOAT || field.columnType === DOUBLE) {
      field.columnType = NEWDECIMAL
      readAsText.add(field)
    }
  }
}

/** The decoder of one result column, or `undefined` where the driver's value is right already. */
export function decoderFor(field: DriverField, options: DecodingOptions): Decoder | undefined {
  const decimals = field.decimals ?? 0
  switch (field.columnType) {
    case LONGLONG:
      return isComparison(field) ? decodeComparison : bigintDecoder(field, options.bigint ?? 'number')
    case TINY:
      return options.tinyint1 === 'boolean' && isBoolean(field) ? decodeBoolean : undefined
    case DATETIME:
    case TIMESTAMP:
      return decimals <= DATE_PRECISION_LIMIT ? dateDecoder(field, options) : fractionDecoder(decimals)
    case TIME:
      return fractionDecoder(decimals)
    case VECTOR:
      return decodeVector
    case NEWDECIMAL:
      return readAsText.has(field) ? decodeFloat : undefined
    default:
      return undefined
  }
}

/** MySQL answers `a = b` and `exists (…)` as BIGINT; Kysely's types call them 0 or 1. */
function isComparison({ orgName, columnLength }: DriverField): boolean {
  return orgName === '' && columnLength === 1
}

function decodeComparison(value: unknown): unknown {
  return typeof value === 'string' ? Number(value) : value
}

function bigintDecoder(field: DriverField, as: 'number' | 'bigint' | 'string'): Decoder {
  if (as === 'string') return decodeIntegerText
  if (as === 'bigint') return (value) => (value === null ? null : BigInt(value as string))
  // The driver answers a number up to 2^53 and a string beyond.
  return (value) => {
    if (typeof value !== 'string') return value
    throw roundedInteger(field.name)
  }
}

/** An integer that a number would round. */
export function roundedInteger(column: string): UnrepresentableValueError {
  return new UnrepresentableValueError(
    column,
    "holds an integer beyond 2^53, which a number would round. Use createDatabase({ bigint: 'bigint' }) or 'string', and generate with the same --bigint.",
  )
}

/** ZEROFILL fills in the text protocol only. */
function decodeIntegerText(value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('0') ? String(BigInt(value)) : value
}

/** BOOLEAN is signed: the display width of other integers means nothing, and not every server keeps it. */
function isBoolean({ columnLength, flags = 0 }: DriverField): boolean {
  return columnLength === 1 && (flags & UNSIGNED_FLAG) === 0
}

function decodeBoolean(value: unknown): unknown {
  return value === null ? null : value !== 0
}

function dateDecoder(field: DriverField, options: DecodingOptions): Decoder {
  return (value) => {
    if (typeof value !== 'string') return value
    const date = new Date(`${value.replace(' ', 'T')}Z`)
    // A Date makes the 31st of February a day of March.
    const valid = value.slice(8, 10) > '28' ? date.getUTCDate() === Number(value.slice(8, 10)) : true
    if (valid && !Number.isNaN(date.getTime())) return date
    if (options.zeroDates === 'null') return null
    throw impossibleDate(field.name)
  }
}

/** A date that no calendar has, which servers store by request. */
export function impossibleDate(column: string): UnrepresentableValueError {
  return new UnrepresentableValueError(
    column,
    "holds a date with a zero part or a day that its month lacks, which a Date cannot hold. Mend the row, or use createDatabase({ zeroDates: 'null' }) and generate with --zero-dates null.",
  )
}

/** Prepared statements leave out a fraction's last zeros, plain ones do not: both answer the server's own text. */
function fractionDecoder(decimals: number): Decoder | undefined {
  if (decimals === 0 || decimals > FRACTION_LIMIT) return undefined
  return (value) => {
    if (typeof value !== 'string') return value
    const [whole, fraction = ''] = value.split('.')
    return fraction.length === decimals ? value : `${whole}.${fraction.padEnd(decimals, '0')}`
  }
}

/** The driver reads NULL as an empty vector in the text protocol; a vector has one member at least. */
function decodeVector(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? null : value
}

function decodeFloat(value: unknown): unknown {
  return typeof value === 'string' ? Number(value) : value
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
      for (let index = 0; index < decoders.length; index++) {
        const { at, decode } = decoders[index]!
        row[at] = decodeOrError(decode, row[at])
      }
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
