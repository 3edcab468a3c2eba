import { isIP, isIPv4 } from 'node:net'
import { ConfigurationError } from '../errors.ts'
import type { ColumnMetadata } from '../metadata.ts'
import { encodeDate, encodeDatetime, encodeTime } from './key-time.ts'

/**
 * How one column takes part in a key: how its values travel in the JSON parameter, and how the server turns them
 * into the column's type. A plausible declaration (the column's own width, charset or type) answers wrong rows, so
 * each form here was measured on MariaDB and MySQL.
 */
export interface KeyColumn {
  readonly name: string
  /** What a value must be, for messages: "a string". */
  readonly expected: string
  /** The type in `json_table(… columns (…))`. */
  readonly declaration: string
  /**
   * The `typeof` of values that are their own token, so that a cache can be asked without encoding them: what they are
   * encoded to, unless it is `null` (in no row), says the same value.
   */
  readonly rawType?: 'string' | 'number'
  /** Whether a parameter of the declared type is compared as a column of that type is. */
  readonly constant?: true
  /** The SQL condition that holds when `column` (already quoted) has the value of `input`. */
  condition(column: string, input: string): string
  /** The value as JSON text, equal for values that are the same to the server; `undefined` where it cannot be a key. */
  encode(value: unknown): string | undefined
}

type Form = Omit<KeyColumn, 'name' | 'condition'> & Partial<Pick<KeyColumn, 'condition'>>

const equal = (column: string, input: string) => `${column} = ${input}`

/** @throws ConfigurationError for a type whose values cannot be matched reliably. */
export function keyColumn(table: string, column: ColumnMetadata): KeyColumn {
  const form = formOf(column)
  if (!form) {
    throw new ConfigurationError(
      `${table}.${column.name}: a column of type ${column.type} cannot be part of a key. Generate the metadata again with kysely-lookup generate, which leaves such keys out.`,
    )
  }
  return { condition: equal, ...form, name: column.name }
}

function formOf(column: ColumnMetadata): Form | undefined {
  switch (column.type) {
    case 'tinyint':
      return integer(column, 8)
    case 'smallint':
      return integer(column, 16)
    case 'mediumint':
      return integer(column, 24)
    case 'int':
      return integer(column, 32)
    case 'bigint':
      return integer(column, 64)
    case 'year':
      return {
        expected: 'a year: 0 or 1901 to 2155',
        declaration: 'smallint unsigned',
        encode: (value) => (value === 0 || value === 0n ? '0' : encodeInteger(value, 1901n, 2155n)),
      }
    case 'decimal':
      return decimal(column)
    case 'char':
    case 'varchar':
    case 'enum':
      return text(column)
    case 'set':
      return set(column)
    case 'date':
      return { expected: "a calendar date as a string 'YYYY-MM-DD'", declaration: 'date', encode: encodeDate }
    case 'datetime':
    case 'timestamp':
      return {
        expected: "a Date or a string 'YYYY-MM-DD HH:MM:SS[.ffffff]' in UTC",
        declaration: 'datetime(6)',
        encode: (value) => encodeDatetime(value, column.precision ?? 0),
      }
    case 'time':
      return time(column.precision ?? 0)
    case 'bit':
      return bit(column)
    case 'binary':
    case 'varbinary':
      return binary(column)
    case 'uuid':
      return cast('uuid', 'a UUID', (value) => uuidPattern.test(value))
    case 'inet6':
      return cast('inet6', 'an IPv6 or IPv4 address', (value) => isIP(value) > 0 && !value.includes('%'))
    case 'inet4':
      return cast('inet4', 'an IPv4 address', isIPv4)
    default:
      return undefined
  }
}

function integer(column: ColumnMetadata, bits: number): Form {
  const size = 2n ** BigInt(bits)
  const [from, to] = column.unsigned ? [0n, size - 1n] : [-size / 2n, size / 2n - 1n]
  const boolean = column.type === 'tinyint' && column.length === 1
  return {
    expected: `an integer from ${from} to ${to}`,
    declaration: `${column.type}${column.unsigned ? ' unsigned' : ''}`,
    rawType: 'number',
    constant: true,
    encode(value) {
      if (boolean && typeof value === 'boolean') return encodeInteger(Number(value), from, to)
      // Where BIGINT is read as string, a row's own value must find the row again.
      if (bits === 64 && typeof value === 'string' && /^(0|-?[1-9]\d{0,19})$/.test(value)) {
        return encodeInteger(BigInt(value), from, to)
      }
      return encodeInteger(value, from, to)
    },
  }
}

function encodeInteger(value: unknown, from: bigint, to: bigint): string | undefined {
  if (typeof value === 'number') {
    // Beyond 2^53 a number may already be another integer than the one that was meant.
    return Number.isSafeInteger(value) && value >= from && value <= to ? String(value) : undefined
  }
  return typeof value === 'bigint' && value >= from && value <= to ? String(value) : undefined
}

function decimal(column: ColumnMetadata): Form {
  const precision = column.precision ?? 10
  const scale = column.scale ?? 0
  return {
    expected: `a decimal string or number with up to ${precision - scale} digits before and ${scale} after the point`,
    declaration: `decimal(${precision},${scale})`,
    encode(value) {
      const given = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value
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

const own = (column: ColumnMetadata) => `character set ${column.charset} collate ${column.collation}`
// Trailing spaces and ignorable characters make keys of any length match.
const ownText = (column: ColumnMetadata) => `longtext ${own(column)}`

function text(column: ColumnMetadata): Form {
  const { charset, collation } = column
  const base = {
    expected: 'a well-formed string',
    rawType: 'string' as const,
    encode: encodeText,
    ...((column.type === 'char' || column.type === 'varchar') && { constant: true as const }),
  }
  if (charset === 'ascii') {
    // A character beyond ASCII is in no row; declared in the column's charset it would become '?'.
    return { ...base, declaration: ownText(column), encode: (value) => asciiOrNothing(encodeText(value)) }
  }
  if (charset === 'utf8mb4' || charset === 'utf16') return { ...base, declaration: ownText(column) }
  // A key that does not survive the way into the column's charset and back is in no row.
  const { constant: _, ...converted } = base
  return {
    ...converted,
    declaration: 'longtext character set utf8mb4 collate utf8mb4_bin',
    condition: (name, input) =>
      `${name} = convert(${input} using ${charset}) collate ${collation}` +
      ` and convert(convert(${input} using ${charset}) using utf8mb4) collate utf8mb4_bin = ${input}`,
  }
}

/** MariaDB finds the empty set by spaces only where they come as a column's value, which a conversion is not. */
function set(column: ColumnMetadata): Form {
  const form = text(column)
  if (form.declaration === ownText(column) || column.collation?.includes('nopad')) return form
  const { rawType: _, ...others } = form
  return {
    ...others,
    encode(value) {
      const json = form.encode(value)
      return json && /^" +"$/.test(json) ? '""' : json
    },
  }
}

function encodeText(value: unknown): string | undefined {
  // A lone surrogate would make the server reject the whole batch.
  return typeof value === 'string' && value.isWellFormed() ? JSON.stringify(value) : undefined
}

function asciiOrNothing(json: string | undefined): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: every ASCII character is allowed, control characters included
  return json === undefined || /^[\x00-\x7f]*$/.test(json) ? json : 'null'
}

function time(digits: number): Form {
  const fraction = digits > 0 ? `[.${'f'.repeat(digits)}]` : ''
  return {
    expected: `a string '[-]HHH:MM:SS${fraction}' up to 838:59:59`,
    declaration: 'time(6)',
    encode: (value) => encodeTime(value, digits),
  }
}

function bit(column: ColumnMetadata): Form {
  const bits = BigInt(column.length ?? 1)
  return {
    expected: `an integer from 0 to ${2n ** bits - 1n}, or its bytes`,
    declaration: 'bigint unsigned',
    encode(value) {
      if (value instanceof Uint8Array) {
        if (value.length === 0 || value.length > 8) return undefined
        return encodeInteger(BigInt(`0x${Buffer.from(value).toString('hex')}`), 0n, 2n ** bits - 1n)
      }
      return encodeInteger(typeof value === 'boolean' ? Number(value) : value, 0n, 2n ** bits - 1n)
    },
  }
}

function binary(column: ColumnMetadata): Form {
  const limit = column.length ?? 255
  return {
    expected: 'bytes: a Buffer or Uint8Array',
    // As hex, joined by unhex: a cast to binary(n) would pad, and match shorter keys.
    declaration: `varchar(${2 * limit + 2}) character set ascii`,
    condition: (name, input) => `${name} = unhex(${input})`,
    encode(value) {
      if (!(value instanceof Uint8Array)) return undefined
      // Longer than the column is in no row; sent, it might be cut to one that is.
      return value.length > limit ? 'null' : `"${Buffer.from(value).toString('hex')}"`
    },
  }
}

const uuidPattern = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

function cast(type: string, expected: string, valid: (value: string) => boolean): Form {
  return {
    expected: `${expected} as a string`,
    declaration: 'varchar(50) character set ascii',
    condition: (name, input) => `${name} = cast(${input} as ${type})`,
    encode: (value) =>
      typeof value === 'string' && valid(value) ? JSON.stringify(value.toLowerCase()) : undefined,
  }
}
