import type { KeyColumn } from '../columns/column-type.ts'
import { keyColumn } from '../columns/column-types.ts'
import type { RowNotFoundError } from '../errors.ts'
import type { TableMetadata } from '../metadata.ts'
import type { Row } from '../rows/row.ts'
import { createRowIdentities, type RowIdentities, scalarToken, type Token } from './identity.ts'
import { createKeyErrors } from './key-errors.ts'
import { createKeyPrefixes } from './key-prefixes.ts'

/** One unique key (position 0 is the primary key), or the leading columns of an index. */
export interface KeyDefinition {
  readonly position: number
  /** The index that serves it. */
  readonly index: string
  readonly parts: readonly KeyColumn[]
}

/** A validated key: which definition it belongs to and how it is sent. A class for the reason that `Entry` is one. */
export class Key {
  readonly definition: KeyDefinition
  /** What a scope knows it by: of several columns their JSON text. */
  readonly token: Token
  /** Each column's. */
  readonly tokens: readonly Token[]
  /** The key as JSON text: a scalar for one column, an array for several. */
  readonly json: string
  /** Whether a statement that is under way already must not answer it. */
  declare readonly fresh?: boolean

  constructor(definition: KeyDefinition, json: string, tokens: readonly Token[]) {
    this.definition = definition
    this.token = tokens.length === 1 ? tokens[0]! : json
    this.tokens = tokens
    this.json = json
  }
}

/** What nulls in a key are: in no row, or no key. */
type Nulls = 'absent' | 'invalid'

/** The keys of one table: resolves what a caller passes, before anything is sent. */
export interface TableKeys {
  /** The primary key first, then the unique keys by name. */
  readonly definitions: readonly KeyDefinition[]
  /** The `typeof` under which a raw key may be its own token, or undefined where every key must be resolved. */
  readonly rawType: 'string' | 'number' | undefined
  /**
   * The key that a value is; undefined where no row can have it: it is null, or in part, or what no value of the column is.
   * @throws InvalidKeyError where the value is not exactly a key of this table.
   */
  resolve(value: unknown): Key | undefined
  /** The same for each of an array. */
  resolveAll(values: unknown): readonly (Key | undefined)[]
  /**
   * The same for what must not be null.
   * @throws InvalidKeyError where the value is not exactly a key of this table.
   */
  resolveGiven(value: unknown): Key | undefined
  /** @throws InvalidKeyError where the columns are not the leading part of an index. */
  resolvePrefix(value: unknown): Key | undefined
  /** That no row has the key. */
  notFound(value: unknown): RowNotFoundError
  /** Every leading part of an index that {@link resolvePrefix} takes. */
  prefixes(): readonly KeyDefinition[]
  /** The key that a row has under a definition; undefined where a part is NULL or cannot be sent. */
  keyOf(definition: KeyDefinition, row: Row): Key | undefined
  /** By what rows are told apart. */
  readonly identities: RowIdentities
}

/** @throws ConfigurationError where a key column's type cannot be matched. */
export function tableKeys(table: TableMetadata, options: { readonly errorKeys?: boolean } = {}): TableKeys {
  const columns = new Map(table.columns.map((column) => [column.name, column]))
  const part = (name: string) => keyColumn(table.name, columns.get(name)!)
  const unique = [{ name: 'PRIMARY', columns: table.primaryKey }, ...table.uniqueKeys]
  const definitions = unique.map(({ name, columns: names }, position) => ({
    position,
    index: name,
    parts: names.map(part),
  }))
  const primary = definitions[0]!
  const prefixes = createKeyPrefixes({
    indexes: [...unique, ...table.indexes],
    firstPosition: definitions.length,
    longest: columns.size,
    part,
  })
  const errors = createKeyErrors({ table: table.name, definitions, withKeys: options.errorKeys ?? false })

  function uniqueDefinition(names: readonly string[]): KeyDefinition | undefined {
    return definitions.find(
      ({ parts }) => parts.length === names.length && parts.every(({ name }) => names.includes(name)),
    )
  }

  /** Undefined where no row can have the value. */
  function encodeColumn(column: KeyColumn, value: unknown, key: unknown): string | undefined {
    const encoded = column.encode(value)
    if (encoded === undefined) throw errors.column(column, { value, key })
    return encoded ?? undefined
  }

  /** A key of one column, as most are: nothing is made but the key. */
  function encodeOne(
    definition: KeyDefinition,
    value: unknown,
    given: unknown,
    nulls: Nulls,
  ): Key | undefined {
    if (nulls === 'absent' && (value === null || value === undefined)) return undefined
    const column = definition.parts[0]!
    const json = encodeColumn(column, value, given)
    if (json === undefined) return undefined
    return new Key(definition, json, listOf(tokenOf(column, value, json)))
  }

  /** A column is read once: a getter may answer something else the next time. */
  function readColumn(columns: object, column: KeyColumn): unknown {
    try {
      return Reflect.get(columns, column.name)
    } catch {
      throw errors.unreadable(column, columns)
    }
  }

  function encodeColumns(definition: KeyDefinition, columns: object, nulls: Nulls): Key | undefined {
    const { parts } = definition
    if (parts.length === 1) return encodeOne(definition, readColumn(columns, parts[0]!), columns, nulls)
    const json: string[] = []
    const tokens: Token[] = []
    for (const column of parts) {
      const value = readColumn(columns, column)
      if (nulls === 'absent' && (value === null || value === undefined)) continue
      const encoded = encodeColumn(column, value, columns)
      if (encoded === undefined) continue
      json.push(encoded)
      tokens.push(tokenOf(column, value, encoded))
    }
    return json.length < parts.length ? undefined : makeKey(definition, json, tokens)
  }

  function resolve(value: unknown, nulls: Nulls): Key | undefined {
    if (nulls === 'absent' && (value === null || value === undefined)) return undefined
    const names = isScalar(value) ? undefined : columnNames(value)
    const definition = names && uniqueDefinition(names)
    if (definition) return encodeColumns(definition, value as object, nulls)
    if (primary.parts.length === 1 && isScalar(value)) return encodeOne(primary, value, value, nulls)
    throw errors.form({ value, key: value }, names)
  }

  return {
    definitions,
    rawType: primary.parts.length === 1 ? primary.parts[0]!.rawType : undefined,
    resolve: (value) => resolve(value, 'absent'),
    resolveAll(values) {
      if (!Array.isArray(values)) throw errors.list(values)
      const keys: (Key | undefined)[] = []
      // A gap is passed over by `map`, and by `every` and `some`.
      for (let index = 0; index < values.length; index++) {
        const value = values[index]
        if (value === undefined && !(index in values)) throw errors.list(values)
        keys.push(resolve(value, 'absent'))
      }
      return keys
    },
    resolveGiven: (value) => resolve(value, 'invalid'),
    resolvePrefix(value) {
      if (value === null || value === undefined) return undefined
      const names = isScalar(value) ? undefined : columnNames(value)
      const definition = names && prefixes.find(names)
      if (definition) return encodeColumns(definition, value as object, 'absent')
      throw errors.prefix({ value, key: value }, names)
    },
    notFound(value) {
      const { parts } = (isScalar(value) ? undefined : uniqueDefinition(columnNames(value) ?? [])) ?? primary
      return errors.notFound(
        value,
        parts.map(({ name }) => name),
      )
    },
    prefixes: prefixes.all,
    keyOf(definition, row) {
      const json: string[] = []
      const tokens: Token[] = []
      for (const column of definition.parts) {
        const value = row[column.name]
        const encoded = value === null ? undefined : column.encode(value)
        if (encoded === undefined || encoded === null) return undefined
        json.push(encoded)
        tokens.push(tokenOf(column, value, encoded))
      }
      return makeKey(definition, json, tokens)
    },
    identities: createRowIdentities(table, primary.parts),
  }
}

function tokenOf(column: KeyColumn, value: unknown, json: string): Token {
  return typeof value === column.rawType ? (value as Token) : scalarToken(json)
}

/** Whether the key is the row's own primary key, as most are that rows are asked for by: its tokens are the row's identity. */
export function isOwnKey({ definition, tokens }: Key, row: Row, identities: RowIdentities): boolean {
  const { position, parts } = definition
  if (position !== 0) return false
  for (let at = 0; at < parts.length; at++) if (row[parts[at]!.name] !== tokens[at]) return false
  return identities.areExact || !identities.isDistinguished(row)
}

/** Not a literal, for the reason that a key is none. */
function listOf(...tokens: Token[]): readonly Token[] {
  return tokens
}

function makeKey(definition: KeyDefinition, parts: readonly string[], tokens: readonly Token[]): Key {
  return new Key(definition, parts.length === 1 ? parts[0]! : `[${parts.join(',')}]`, tokens)
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
