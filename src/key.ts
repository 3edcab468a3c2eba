import { InvalidKeyError } from './errors.ts'
import { type KeyColumn, keyColumn } from './key-column.ts'
import type { TableMetadata } from './table.ts'

/** What a cache knows a key by: equal (as by `Map`) for spellings that are the same to every server. */
export type Token = string | number | bigint | null

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
  readonly token: Token
  /** Each column's value as JSON text. */
  readonly parts: readonly string[]
  /** The key as JSON text: a scalar for one column, an array for several. */
  readonly json: string
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
  /** The key that a row has under a definition; undefined where a part is NULL or cannot be sent. */
  keyOf(definition: KeyDefinition, row: Readonly<Record<string, unknown>>): Key | undefined
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

  function encode(definition: KeyDefinition, values: ReadonlyMap<string, unknown>): Key {
    const json = definition.parts.map((column) => {
      const value = values.get(column.name)
      const encoded = column.encode(value)
      if (encoded !== undefined) return encoded
      throw invalid(`column ${column.name}: expected ${column.expected}, got ${describe(value)}.`)
    })
    return makeKey(definition, json)
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
      const object = isScalar(value) ? undefined : ownValues(value)
      if (object) {
        const names = [...object.keys()]
        const definition = uniqueDefinition(names)
        if (definition) return encode(definition, object)
        throw invalid(
          `expected ${describeDefinitions()}, got an object with ${names.length === 0 ? 'no columns' : names.map((name) => JSON.stringify(name)).join(', ')}.`,
        )
      }
      const [only, second] = primary.parts
      if (second || !isScalar(value))
        throw invalid(`expected ${describeDefinitions()}, got ${describe(value)}.`)
      return encode(primary, new Map([[only!.name, value]]))
    },
    resolvePrefix(value) {
      const object = isScalar(value) ? undefined : ownValues(value)
      if (!object) throw invalid(`expected an object of index columns, got ${describe(value)}.`)
      const names = [...object.keys()]
      const definition = names.length > 0 ? prefixDefinition(names) : undefined
      if (definition) return encode(definition, object)
      throw invalid(
        `expected the leading columns of an index, got ${names.map((name) => JSON.stringify(name)).join(', ') || 'no columns'}. An index that begins with them is needed, and kysely-lookup generate after it.`,
      )
    },
    keyOf(definition, row) {
      const json: string[] = []
      for (const column of definition.parts) {
        const value = row[column.name]
        const encoded = value === null ? undefined : column.encode(value)
        if (encoded === undefined) return undefined
        json.push(encoded)
      }
      return makeKey(definition, json)
    },
  }
}

function makeKey(definition: KeyDefinition, parts: readonly string[]): Key {
  if (parts.length > 1) {
    const json = `[${parts.join(',')}]`
    return { definition, parts, json, token: json }
  }
  const json = parts[0]!
  return { definition, parts, json, token: scalarToken(json) }
}

function scalarToken(json: string): Token {
  const token = JSON.parse(json) as string | number | null
  return typeof token === 'number' && !Number.isSafeInteger(token) ? BigInt(json) : token
}

/** Everything that can be the value of one column; other objects name their columns. */
function isScalar(value: unknown): boolean {
  return typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array
}

/**
 * The own data properties of a plain object. An array, an instance of a class or an object with getters is not a key:
 * it answers undefined. (A prototype is compared by shape, for an object may come from another realm.)
 */
function ownValues(value: unknown): Map<string, unknown> | undefined {
  try {
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return undefined
    const values = new Map<string, unknown>()
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      if (!('value' in property)) return undefined
      if (property.enumerable) values.set(name, property.value)
    }
    return values
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
