import { UnrepresentableValueError } from '../errors.ts'
import type { ColumnMetadata } from '../metadata.ts'
import {
  type Ambiguity,
  type ColumnType,
  type Decoder,
  type DriverField,
  fieldName,
  type KeyForm,
  type SchemaColumn,
} from './column-type.ts'
import type { DecodingOption, DecodingOptions } from './decoding-options.ts'
import { encodeInteger, isInteger } from './integer.ts'

const UNSIGNED_FLAG = 32

/** Characters of the least BIGINT, and of the largest unsigned one. */
const LONGEST_BIGINT = 20

const BIGINT: DecodingOption = { name: 'bigint', flag: '--bigint', initial: 'number', member: 'as' }
const TINYINT1: DecodingOption = { name: 'tinyint1', flag: '--tinyint1', initial: 'number', member: 'as' }

const INEXACT = 'two values that print alike need not be equal'

const unsigned = ({ columntype }: SchemaColumn) =>
  / unsigned\b/.test(columntype) ? { unsigned: true as const } : {}

export const numberTypes: readonly ColumnType[] = [
  {
    ...integerType('tinyint'),
    traits: (column) => ({
      ...unsigned(column),
      // The one display width that means something: BOOLEAN is TINYINT(1), and signed (MySQL forgets the other's width).
      ...(column.columntype === 'tinyint(1)' && { length: 1 }),
    }),
    option: ({ length }) => (length === 1 ? TINYINT1 : undefined),
    typeScript: ({ as = 'number' }) => ({ select: as }),
    decoding: {
      code: 1,
      decoder: (field, { tinyint1 }) =>
        tinyint1 === 'boolean' && isBoolean(field) ? decodeBoolean : undefined,
    },
    key(column) {
      const form = integerKey(column)
      if (column.length !== 1) return form
      return {
        ...form,
        ambiguity: column.as === 'boolean' ? truth : undefined,
        encode: (value) => form.encode(typeof value === 'boolean' ? Number(value) : value),
      }
    },
  },
  integerType('smallint'),
  integerType('mediumint'),
  integerType('int'),
  {
    ...integerType('bigint'),
    option: () => BIGINT,
    typeScript: ({ as }) => (as ? { select: as, write: 'bigint | number | string' } : { select: 'number' }),
    decoding: {
      code: 8,
      decoder: (field, options) => (isComparison(field) ? decodeComparison : bigintDecoder(field, options)),
    },
    key(column) {
      const form = integerKey(column)
      // Where BIGINT is read as string, a row's own value must find the row again.
      const digits = /^(0|-?[1-9]\d*)$/
      return {
        ...form,
        encode(value) {
          if (typeof value !== 'string' || !digits.test(value)) return form.encode(value)
          return value.length > LONGEST_BIGINT ? null : form.encode(BigInt(value))
        },
      }
    },
    constantKey(digits, { bigint = 'number' }) {
      if (bigint === 'string') return digits
      return bigint === 'bigint' ? BigInt(digits) : Number(digits)
    },
  },
  {
    name: 'year',
    typeScript: () => ({ select: 'number' }),
    key: () => ({
      expected: 'a year: 0 or 1901 to 2155',
      declaration: 'smallint unsigned',
      encode: (value) => (value === 0 || value === 0n ? '0' : encodeInteger(value, 1901n, 2155n)),
    }),
    constantKey: Number,
  },
  {
    name: 'decimal',
    traits: (column) => ({
      ...unsigned(column),
      precision: Number(column.digits),
      scale: Number(column.scale),
    }),
    typeScript: () => ({ select: 'string', write: 'string | number' }),
    // With more digits after the point, every value is another text.
    grew: (from, to) =>
      to.type === 'decimal' &&
      to.unsigned === from.unsigned &&
      to.scale === from.scale &&
      Number(to.precision) >= Number(from.precision),
    key: decimalKey,
  },
  floatType('float', 4),
  floatType('double', 5),
]

/** Every number but 0 reads as true; the key `true` is 1. */
const truth: Ambiguity = {
  isAmbiguous: (value) => value === true,
  // By its display width alone, one digit might be left of it in a temporary table.
  distinction: (column) => `if(${column} in (0, 1), null, cast(cast(${column} as signed) as char))`,
}

const INTEGERS = ['tinyint', 'smallint', 'mediumint', 'int', 'bigint']

/** BOOLEAN may be read as another type, and so it neither grows nor is grown to. */
function grewInteger(from: ColumnMetadata, to: ColumnMetadata): boolean {
  return (
    INTEGERS.indexOf(to.type) >= INTEGERS.indexOf(from.type) &&
    to.unsigned === from.unsigned &&
    from.length === undefined &&
    to.length === undefined
  )
}

/** Whether its values are numbers whatever BIGINT is read as. */
export function isSmallInteger({ type }: ColumnMetadata): boolean {
  return type !== 'bigint' && INTEGERS.includes(type)
}

function integerType(name: string): ColumnType {
  return {
    name,
    traits: unsigned,
    grew: grewInteger,
    typeScript: () => ({ select: 'number' }),
    key: integerKey,
    constantKey: Number,
  }
}

/** The driver's parser is off by a last digit now and then: a text result's values are decoded from the server's own text. */
function floatType(name: string, code: number): ColumnType {
  return {
    name,
    traits: unsigned,
    typeScript: () => ({ select: 'number' }),
    decoding: { code, fromText: decodeNumber },
    key: INEXACT,
  }
}

/** Any integer is compared as BIGINT: declared as the column, one beyond its range would become the last one in it on MariaDB. */
function integerKey({ unsigned }: ColumnMetadata): KeyForm {
  const [from, to] = unsigned ? [0n, 2n ** 64n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n]
  return {
    expected: 'an integer',
    declaration: unsigned ? 'bigint unsigned' : 'bigint',
    rawType: 'number',
    encode(value) {
      // A safe number is in the range of every BIGINT, and to compare it with a bigint takes longer than all the rest.
      if (Number.isSafeInteger(value) && (!unsigned || (value as number) >= 0)) return String(value)
      return isInteger(value) ? (encodeInteger(value, from, to) ?? null) : undefined
    },
  }
}

function decimalKey({ precision = 10, scale = 0 }: ColumnMetadata): KeyForm {
  return {
    expected: `a decimal string or number with up to ${precision - scale} digits before and ${scale} after the point`,
    declaration: `decimal(${precision},${scale})`,
    encode(value) {
      const given = typeof value === 'bigint' || isExactNumber(value) ? String(value) : value
      if (typeof given !== 'string') return undefined
      const parts = /^(-?)0*(\d*?)(?:\.(\d*?)0*)?$/.exec(given)
      if (!parts || !/\d/.test(given)) return undefined
      const [, sign, whole = '', fraction = ''] = parts
      if (whole.length > precision - scale || fraction.length > scale) return undefined
      const digits = `${whole || '0'}${fraction && `.${fraction}`}`
      return `"${digits === '0' ? '' : sign}${digits}"`
    },
  }
}

/** Beyond 2^53, or 15 digits with a fraction, a number may be the neighbour of the decimal that was meant. */
function isExactNumber(value: unknown): boolean {
  if (typeof value !== 'number') return false
  if (Number.isInteger(value)) return Number.isSafeInteger(value)
  return Number(value.toPrecision(15)) === value
}

/** BOOLEAN is signed: the display width of other integers means nothing, and not every server keeps it. */
function isBoolean({ columnLength, flags = 0 }: DriverField): boolean {
  return columnLength === 1 && (flags & UNSIGNED_FLAG) === 0
}

function decodeBoolean(value: unknown): unknown {
  return value === null ? null : value !== 0
}

/** MySQL answers `a = b` and `exists (…)` as BIGINT; Kysely's types call them 0 or 1. */
function isComparison({ orgName, columnLength }: DriverField): boolean {
  return orgName === '' && columnLength === 1
}

const decodeComparison = decodeNumber

function decodeNumber(value: unknown): unknown {
  return typeof value === 'string' ? Number(value) : value
}

function bigintDecoder(field: DriverField, { bigint = 'number' }: DecodingOptions): Decoder {
  if (bigint === 'string') return decodeIntegerText
  if (bigint === 'bigint') return (value) => (value === null ? null : BigInt(value as string))
  // The driver answers a number up to 2^53 and a string beyond.
  return (value) => {
    if (typeof value !== 'string') return value
    throw roundedInteger(fieldName(field))
  }
}

/** ZEROFILL fills in the text protocol only. */
function decodeIntegerText(value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('0') ? String(BigInt(value)) : value
}

/** An integer of a column that has grown since its type was generated as `number`. */
export function widenedInteger(column: string): UnrepresentableValueError {
  return new UnrepresentableValueError(
    column,
    'holds an integer beyond 2^53, and was generated as a smaller type. Run kysely-lookup generate, and deploy what it writes.',
  )
}

/** An integer that a number would round. */
function roundedInteger(column: string): UnrepresentableValueError {
  return new UnrepresentableValueError(
    column,
    "holds an integer beyond 2^53, which a number would round. Use createDatabase({ bigint: 'bigint' }) or 'string', and generate with the same --bigint.",
  )
}
