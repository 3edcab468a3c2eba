import type { KeyColumn } from '../columns/column-type.ts'
import { InvalidKeyError, RowNotFoundError } from '../errors.ts'
import type { KeyDefinition } from './key.ts'

/** The errors of one table's keys. They hold a key only where that is wanted. */
export interface KeyErrors {
  /** What was given for a column is no value of it. */
  column(column: KeyColumn, given: Given): InvalidKeyError
  /** A property of a key throws when it is read. */
  unreadable(column: KeyColumn, key: unknown): InvalidKeyError
  /** What was given has the form of no key. */
  form(given: Given, names: readonly string[] | undefined): InvalidKeyError
  /** What was given has not the leading columns of an index. */
  prefix(given: Given, names: readonly string[] | undefined): InvalidKeyError
  /** What was given is no array of keys. */
  list(value: unknown): InvalidKeyError
  notFound(key: unknown, columns: readonly string[]): RowNotFoundError
}

interface Given {
  /** What is described. */
  readonly value: unknown
  /** What the caller passed: the value, or an object of several. */
  readonly key: unknown
}

export interface KeyErrorsOptions {
  readonly table: string
  /** The primary key first. */
  readonly definitions: readonly KeyDefinition[]
  /** Whether errors hold the key. */
  readonly withKeys: boolean
}

/** Names of a key's columns in a message: an object may have any number of them, of any length. */
const NAMES_SHOWN = 5
const NAME_LENGTH = 64

export function createKeyErrors({ table, definitions, withKeys }: KeyErrorsOptions): KeyErrors {
  const details = (key: unknown, column?: string) => ({
    ...(column !== undefined && { column }),
    ...(withKeys && { key }),
  })

  function expected(): string {
    const [primary] = definitions
    const objects = definitions.map(({ parts }) => `{ ${parts.map(({ name }) => name).join(', ')} }`)
    const scalar = primary!.parts.length === 1 ? [`a value of ${primary!.parts[0]!.name}`] : []
    return [...scalar, ...objects].join(', ')
  }

  return {
    column({ name, expected }, { value, key }) {
      const message = `column ${name}: expected ${expected}, got ${describe(value)}.`
      return new InvalidKeyError(table, message, details(key, name))
    },
    unreadable({ name }, key) {
      const message = `column ${name}: expected a value, got a property that throws when it is read.`
      return new InvalidKeyError(table, message, details(key, name))
    },
    form({ value, key }, names) {
      const got = names ? `an object with ${listed(names)}` : describe(value)
      return new InvalidKeyError(table, `expected ${expected()}, got ${got}.`, details(key))
    },
    prefix({ value, key }, names) {
      const message = names
        ? `expected the leading columns of an index, got ${listed(names)}. An index that begins with them is needed, and kysely-lookup generate after it.`
        : `expected an object of index columns, got ${describe(value)}.`
      return new InvalidKeyError(table, message, details(key))
    },
    list(value) {
      const got = Array.isArray(value) ? 'an array with gaps' : describe(value)
      return new InvalidKeyError(table, `expected an array of keys, got ${got}.`, details(value))
    },
    notFound: (key, columns) => new RowNotFoundError(table, columns, details(key)),
  }
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'no columns'
  const shown = names.slice(0, NAMES_SHOWN).map((name) => JSON.stringify(shortened(name)))
  return `${shown.join(', ')}${names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : ''}`
}

function shortened(name: string): string {
  return name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH)}…` : name
}

/** Says of what kind a value is, and never the value: it may be a person's data. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'number') {
    if (Number.isNaN(value)) return 'NaN'
    if (!Number.isFinite(value)) return 'an infinite number'
    if (Number.isSafeInteger(value)) return 'an integer'
    return Number.isInteger(value) ? 'an integer beyond 2^53 (a bigint is exact)' : 'a number with a fraction'
  }
  if (typeof value === 'string') return value.isWellFormed() ? 'a string' : 'a string with a lone surrogate'
  if (typeof value === 'bigint') return 'a bigint'
  if (typeof value === 'object') {
    if (Array.isArray(value)) return 'an array'
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
    if (value instanceof Uint8Array) return 'bytes'
    return 'an object that is not plain data'
  }
  return `a ${typeof value}`
}
