import { types } from 'node:util'
import { UnrepresentableValueError } from '../errors.ts'
import type { ColumnMetadata } from '../metadata.ts'
import {
  type Ambiguity,
  type ColumnType,
  type CopiedForm,
  type Decoder,
  type DriverField,
  type EncodedValue,
  fieldName,
  type SchemaColumn,
} from './column-type.ts'
import type { DecodingOption, DecodingOptions } from './decoding-options.ts'

/** A Date holds milliseconds: columns with more digits stay text, or their own value would not find them again. */
const DATE_PRECISION_LIMIT = 3

const FRACTION_LIMIT = 6

const ZERO_DATES: DecodingOption = {
  name: 'zeroDates',
  flag: '--zero-dates',
  initial: 'error',
  member: 'zeroDates',
}

const fractionOf = ({ fraction }: SchemaColumn) => ({ precision: Number(fraction ?? 0) })

const copiedDate: CopiedForm<number> = {
  keep: (value) => (types.isDate(value) ? value.getTime() : undefined),
  copy: (time) => new Date(time),
}

// Keys are validated here, for a server would take a malformed one for another (`20200229`), and written in one form, so
// that two spellings of a moment are one key.
export const timeTypes: readonly ColumnType[] = [
  {
    name: 'date',
    typeScript: () => ({ select: 'string' }),
    sorted: (_, name) => asText(name),
    key: () => ({
      expected: "a calendar date as a string 'YYYY-MM-DD'",
      declaration: 'date',
      encode: encodeDate,
    }),
  },
  {
    name: 'time',
    traits: fractionOf,
    typeScript: () => ({ select: 'string' }),
    decoding: { code: 11, decoder: ({ decimals = 0 }) => fractionDecoder(decimals) },
    key: ({ precision = 0 }) => ({
      expected: `a string '[-]HHH:MM:SS${precision > 0 ? `[.${'f'.repeat(precision)}]` : ''}' up to 838:59:59`,
      declaration: 'time(6)',
      encode: (value) => encodeTime(value, precision),
    }),
  },
  momentType('datetime', 12),
  momentType('timestamp', 7),
]

function momentType(name: string, code: number): ColumnType {
  return {
    name,
    traits: fractionOf,
    option: (column) => (isReadAsDate(column) ? ZERO_DATES : undefined),
    typeScript: (column) => ({
      select: isReadAsDate(column) ? 'Date' : 'string',
      write: 'Date | string',
      orNull: column.zeroDates === 'null',
    }),
    typeNames: { Date: undefined },
    decoding: {
      code,
      decoder: (field, options) =>
        (field.decimals ?? 0) <= DATE_PRECISION_LIMIT
          ? dateDecoder(field, options)
          : fractionDecoder(field.decimals ?? 0),
    },
    // As a Date, one impossible date is like another.
    sorted: (column, name) => (isReadAsDate(column) ? undefined : asText(name)),
    copied: copiedDate,
    key: (column) => ({
      expected: "a Date or a string 'YYYY-MM-DD HH:MM:SS[.ffffff]' in UTC",
      declaration: 'datetime(6)',
      ambiguity: isReadAsDate(column) && column.zeroDates === 'null' ? zeroDate : undefined,
      encode: (value) => encodeMoment(value, column.precision ?? 0),
    }),
  }
}

/** No key finds any of them. */
const zeroDate: Ambiguity = {
  isAmbiguous: (value) => value === null,
  distinction: asText,
}

/** Under NO_ZERO_IN_DATE, which MySQL has by default, a temporary table makes 0000-00-00 of 2020-00-00. */
function asText(column: string): string {
  return `cast(${column} as char)`
}

/** Whether values of the column are read as a `Date`, which cannot hold zero dates. */
function isReadAsDate({ type, precision = 0 }: ColumnMetadata): boolean {
  return (type === 'datetime' || type === 'timestamp') && precision <= DATE_PRECISION_LIMIT
}

function dateDecoder(field: DriverField, options: DecodingOptions): Decoder {
  return (value) => {
    if (typeof value !== 'string') return value
    const date = new Date(`${value.replace(' ', 'T')}Z`)
    // A Date makes the 31st of February a day of March.
    const valid = value.slice(8, 10) > '28' ? date.getUTCDate() === Number(value.slice(8, 10)) : true
    if (valid && !Number.isNaN(date.getTime())) return date
    if (options.zeroDates === 'null') return null
    throw impossibleDate(fieldName(field))
  }
}

/** A date that no calendar has, which servers store by request. */
function impossibleDate(column: string): UnrepresentableValueError {
  return new UnrepresentableValueError(
    column,
    "holds a date with a zero part or a day that its month lacks, which a Date cannot hold. Fix the row, or use createDatabase({ zeroDates: 'null' }) and generate with --zero-dates null.",
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

function encodeDate(value: unknown): string | undefined {
  return typeof value === 'string' && isCalendarDate(value) ? `"${value}"` : undefined
}

function isCalendarDate(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(value)) return false
  const date = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(value)
}

/** @param digits of the fraction that the column holds */
function encodeMoment(value: unknown, digits: number): EncodedValue {
  let given = value
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) return undefined
    given = value.toISOString().slice(0, -1)
  }
  if (typeof given !== 'string') return undefined
  const parts = /^(\d{4}-\d\d-\d\d)[ T]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d{1,6}))?$/.exec(given)
  if (!parts || !isCalendarDate(parts[1]!)) return undefined
  const part = withoutZeros(parts[3])
  // In no row; sent, MySQL would find the row of a DATETIME(5) that the sixth digit is rounded to.
  return part.length > digits + 1 ? null : `"${parts[1]} ${parts[2]}${part}"`
}

/**
 * More digits than the column holds are refused: MySQL rounds them in the text protocol and finds nothing prepared.
 * @param digits of the fraction that the column holds
 */
function encodeTime(value: unknown, digits: number): string | undefined {
  if (typeof value !== 'string') return undefined
  const parts = /^(-?)(\d{2,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?$/.exec(value)
  if (!parts || Number(parts[2]) > 838) return undefined
  const part = withoutZeros(parts[5])
  if (part.length > digits + 1) return undefined
  return `"${parts[1]}${parts[2]!.replace(/^0(?=\d\d)/, '')}:${parts[3]}:${parts[4]}${part}"`
}

/** A fraction without trailing zeros, so that `…:56` and `…:56.000` are one key. */
function withoutZeros(fraction: string | undefined): string {
  const significant = fraction?.replace(/0+$/, '')
  return significant ? `.${significant}` : ''
}
