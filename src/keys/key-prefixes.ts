import type { KeyColumn } from '../columns/column-type.ts'
import type { IndexMetadata } from '../metadata.ts'
import type { KeyDefinition } from './key.ts'

/** The leading parts of a table's indexes, by which lists are found. */
export interface KeyPrefixes {
  /** The definition that these columns are, in any order; undefined where they lead no index. */
  find(names: readonly string[]): KeyDefinition | undefined
  /** Each one that {@link find} answers. */
  all(): readonly KeyDefinition[]
}

export interface KeyPrefixesOptions {
  readonly indexes: readonly IndexMetadata[]
  /** Behind those of the unique keys. */
  readonly firstPosition: number
  /** How many columns the table has: more are not looked at. */
  readonly longest: number
  part(name: string): KeyColumn
}

/** A definition is made when it is first asked for, and stays. */
export function createKeyPrefixes({
  indexes,
  firstPosition,
  longest,
  part,
}: KeyPrefixesOptions): KeyPrefixes {
  const known = new Map<string, KeyDefinition>()

  function find(names: readonly string[]): KeyDefinition | undefined {
    if (names.length === 0 || names.length > longest) return undefined
    const wanted = JSON.stringify([...names].sort())
    const found = known.get(wanted)
    if (found) return found
    for (const { name, columns } of indexes) {
      const leading = columns.slice(0, names.length)
      if (leading.length === names.length && leading.every((one) => names.includes(one))) {
        const definition = { position: firstPosition + known.size, index: name, parts: leading.map(part) }
        known.set(wanted, definition)
        return definition
      }
    }
    return undefined
  }

  return {
    find,
    all() {
      const leading = indexes.flatMap(({ columns }) =>
        columns.map((_, last) => find(columns.slice(0, last + 1))!),
      )
      return [...new Set(leading)]
    },
  }
}
