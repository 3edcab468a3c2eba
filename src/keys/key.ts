import type { KeyColumn } from '../columns/column-type.ts'
import { keyColumn } from '../columns/column-types.ts'
import { InvalidKeyError } from '../errors.ts'
import type { TableMetadata } from '../metadata.ts'
import type { Row } from '../rows/row.ts'
import { createRowIdentities, type RowIdentities, type Token, tokenOf } from './identity.ts'

/** One unique key (position 0 is the primary key), or the leading columns of an index. */
export interface KeyDefinition {
  readonly position: number
  /** The index that serves it. */
  readonly index: string
  readonly parts: readonly KeyColumn[]
}

/** A validated key: which definition it belongs to and how it is sent. */
export interface Key {
  readonly definition: KeyDefinition
  /** What a scope knows it by: of several columns their JSON text. */
  readonly token: Token
  /** Each column's. */
  readonly tokens: readonly Token[]
  /** The key as JSON text: a scalar for one column, an array for several. */
  readonly json: string
  /** Whether a statement that is under way already must not answer it. */
  readonly fresh?: boolean
}

/** The keys of one table: resolves what a caller passes, before anything is sent. */
export interface TableKeys {
  /** The primary key first, then the unique keys by name. */
  readonly definitions: readonly KeyDefinition[]
  /** The `typeof` under which a raw key may be its own token, or undefined where every key must be resolved. */
  readonly rawType: 'string' | 'number' | undefined
  /** @throws InvalidKeyError where the value is not exactly a key of this table. */
  resolve(value: unknown): Key
  /** @throws InvalidKeyError where the columns are not the leading part of an index. */
  resolvePrefix(value: unknown): Key
  /** Every leading part of an index that {@link resolvePrefix} takes. */
  prefixes(): readonly KeyDefinition[]
  /** The key that a row has under a definition; undefined where a part is NULL or cannot be sent. */
  keyOf(definition: KeyDefinition, row: Row): Key | undefined
  /** By what rows are told apart. */
  readonly identities: RowIdentities
}

/** @throws ConfigurationError where a key column's type cannot be matched. */
export function tableKeys(table: TableMetadata): TableKeys {
  const columns = new Map(table.columns.map((column) => [column.name, column]))
  const part = (name: string) => keyColumn(table.name, columns.get(name)!)
  const unique = [{ name: 'PRIMARY', columns: table.primaryKey }, ...table.uniqueKeys]
  const definitions = unique.map(({ name, columns: names }, position) => ({
    position,
    index: name,
    parts: names.map(part),
  }))
  const primary = definitions[0]!
  const prefixes = new Map<string, KeyDefinition>()

  function prefixDefinition(names: readonly string[]): KeyDefinition | undefined {
    const wanted = JSON.stringify([...names].sort())
    const known = prefixes.get(wanted)
    if (known) return known
    for (const index of [...unique, ...table.indexes]) {
      const leading = index.columns.slice(0, names.length)
      if (leading.length === names.length && leading.every((name) => names.includes(name))) {
        const position = definitions.length + prefixes.size
        const definition = { position, index: index.name, parts: leading.map(part) }
        prefixes.set(wanted, definition)
        return definition
      }
    }
    return undefined
  }

  function uniqueDefinition(names: readonly string[]): KeyDefinition | undefined {
    return definitions.find(
      ({ parts }) => parts.length === names.length && parts.every(({ name }) => names.includes(name)),
    )
  }

  function invalid(message: string): InvalidKeyError {
    return new InvalidKeyError(table.name, message)
  }

  function encodeColumn(column: KeyColumn, value: unknown): string {
    const encoded = column.encode(value)
    if (encoded !== undefined) return encoded
    throw invalid(`column ${column.name}: expected ${column.expected}, got ${describe(value)}.`)
  }

  /** A key of one column, as most are: nothing is made but the key. */
  function encodeOne(definition: KeyDefinition, value: unknown): Key {
    const column = definition.parts[0]!
    const json = encodeColumn(column, value)
    const token = tokenOf(column, value, json)
    return { definition, token, tokens: [token], json }
  }

  /** A column is read once: a getter may answer something else the next time. */
  function readColumn(columns: object, { name }: KeyColumn): unknown {
    try {
      return Reflect.get(columns, name)
    } catch {
      throw invalid(`column ${name}: expected a value, got a property that throws when it is read.`)
    }
  }

  function encodeColumns(definition: KeyDefinition, columns: object): Key {
    const { parts } = definition
    if (parts.length === 1) return encodeOne(definition, readColumn(columns, parts[0]!))
    const json: string[] = []
    const tokens: Token[] = []
    for (const column of parts) {
      const value = readColumn(columns, column)
      const encoded = encodeColumn(column, value)
      json.push(encoded)
      tokens.push(tokenOf(column, value, encoded))
    }
    return makeKey(definition, json, tokens)
  }

  function describeDefinitions(): string {
    const objects = definitions.map(({ parts }) => `{ ${parts.map(({ name }) => name).join(', ')} }`)
    return (primary.parts.length === 1 ? [`a value of ${primary.parts[0]!.name}`, ...objects] : objects).join(
      ', ',
    )
  }

  return {
    definitions,
    rawType: primary.parts.length === 1 ? primary.parts[0]!.rawType : undefined,
    resolve(value) {
      const names = isScalar(value) ? undefined : columnNames(value)
      if (names) {
        const definition = uniqueDefinition(names)
        if (definition) return encodeColumns(definition, value as object)
        throw invalid(
          `expected ${describeDefinitions()}, got an object with ${names.length === 0 ? 'no columns' : names.map((name) => JSON.stringify(name)).join(', ')}.`,
        )
      }
      if (primary.parts.length === 1 && isScalar(value)) return encodeOne(primary, value)
      throw invalid(`expected ${describeDefinitions()}, got ${describe(value)}.`)
    },
    resolvePrefix(value) {
      const names = isScalar(value) ? undefined : columnNames(value)
      if (!names) throw invalid(`expected an object of index columns, got ${describe(value)}.`)
      const definition = names.length > 0 ? prefixDefinition(names) : undefined
      if (definition) return encodeColumns(definition, value as object)
      throw invalid(
        `expected the leading columns of an index, got ${names.map((name) => JSON.stringify(name)).join(', ') || 'no columns'}. An index that begins with them is needed, and kysely-lookup generate after it.`,
      )
    },
    prefixes() {
      const leading = [...unique, ...table.indexes].flatMap(({ columns: names }) =>
        names.map((_, last) => prefixDefinition(names.slice(0, last + 1))!),
      )
      return [...new Set(leading)]
    },
    keyOf(definition, row) {
      const json: string[] = []
      const tokens: Token[] = []
      for (const column of definition.parts) {
        const value = row[column.name]
        const encoded = value === null ? undefined : column.encode(value)
        if (encoded === undefined) return undefined
        json.push(encoded)
        tokens.push(tokenOf(column, value, encoded))
      }
      return makeKey(definition, json, tokens)
    },
    identities: createRowIdentities(table, primary.parts),
  }
}

function makeKey(definition: KeyDefinition, parts: readonly string[], tokens: readonly Token[]): Key {
  if (parts.length === 1) return { definition, token: tokens[0]!, tokens, json: parts[0]! }
  const json = `[${parts.join(',')}]`
  return { definition, token: json, tokens, json }
}

/** Everything that can be the value of one column; other objects name their columns. */
function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array
}

/**
 * The names of a plain object's columns. An array or an instance of a class is not a key: it answers undefined. (A
 * prototype is compared by shape, for an object may come from another realm.)
 */
function columnNames(value: unknown): readonly string[] | undefined {
  try {
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return undefined
    return Object.keys(value as object)
  } catch {
    return undefined
  }
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
