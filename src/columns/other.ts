import { isIP, isIPv4 } from 'node:net'
import { UnrepresentableValueError } from '../errors.ts'
import { type ColumnType, type Decoder, type DriverField, fieldName } from './column-type.ts'
import { charsetOf } from './text.ts'

const NO_EQUALITY = 'its values have no exact equality'

const JSON_VALUE = `export type JsonValue =
  | boolean
  | number
  | string
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined }
`

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i

export const otherTypes: readonly ColumnType[] = [
  {
    name: 'json',
    recognizes: ({ json }) => json,
    // Parsed; integers beyond 2^53 are their digits as a string.
    typeScript: () => ({ select: 'JsonValue', write: 'string' }),
    typeNames: { JsonValue: JSON_VALUE },
    key: NO_EQUALITY,
  },
  {
    name: 'vector',
    traits: ({ columntype }) => ({ length: Number(/\((\d+)\)/.exec(columntype)?.[1]) }),
    typeScript: () => ({ select: 'number[]', write: 'Buffer' }),
    typeNames: { Buffer: undefined },
    decoding: { code: 242, decoder: () => decodeVector },
    key: NO_EQUALITY,
  },
  castType('uuid', 'a UUID', (value) => UUID.test(value)),
  castType('inet6', 'an IPv6 or IPv4 address', (value) => isIP(value) > 0 && !value.includes('%')),
  castType('inet4', 'an IPv4 address', isIPv4),
  ...['geometry', 'point', 'linestring', 'polygon', 'multipoint', 'multilinestring', 'multipolygon'].map(
    geometryType,
  ),
  { ...geometryType('geometrycollection'), recognizes: ({ datatype }) => datatype === 'geomcollection' },
]

/** A type that this version has not heard of. */
export function unknownType(name: string): ColumnType {
  return {
    name,
    traits: charsetOf,
    typeScript: () => ({ select: 'unknown' }),
    key: 'this version of kysely-lookup does not know the type',
  }
}

/** MariaDB: only a check, which a session may switch off, sees to it that a text is JSON. */
export function jsonDecoder(field: DriverField): Decoder {
  return (value) => {
    if (typeof value !== 'string') return value
    try {
      return LONG_INTEGER.test(value) ? JSON.parse(value, exactInteger) : JSON.parse(value)
    } catch {
      throw new UnrepresentableValueError(fieldName(field), 'holds a text that is not JSON. Fix the row.')
    }
  }
}

/** May be beyond 2^53. */
const LONG_INTEGER = /\d{16}/

/** As the driver reads JSON of MySQL. */
function exactInteger(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  const digits = typeof value === 'number' && !Number.isSafeInteger(value) ? (context?.source ?? '') : ''
  return /^-?\d+$/.test(digits) ? digits : value
}

/** The driver reads NULL as an empty vector in the text protocol; a vector has one member at least. */
function decodeVector(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? null : value
}

/** A type of MariaDB's whose values are texts, in the one form that the server gives them. */
function castType(name: string, expected: string, valid: (value: string) => boolean): ColumnType {
  return {
    name,
    typeScript: () => ({ select: 'string' }),
    key: () => ({
      expected: `${expected} as a string`,
      declaration: 'varchar(50) character set ascii',
      condition: (column, input) => `${column} = cast(${input} as ${name})`,
      encode: (value) =>
        typeof value === 'string' && valid(value) ? JSON.stringify(value.toLowerCase()) : undefined,
    }),
  }
}

/** A geometry is whatever the driver makes of it. */
function geometryType(name: string): ColumnType {
  return { name, typeScript: () => ({ select: 'unknown' }), key: NO_EQUALITY }
}
