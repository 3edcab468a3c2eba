import type { Identity, Token } from '../keys/identity.ts'
import type { Key, KeyDefinition, TableKeys } from '../keys/key.ts'
import { createKeyIndex, type KeyIndex } from '../keys/key-index.ts'
import type { Row } from '../rows/row.ts'

/** Finds what is held of a table by each unique key of its row, and by other spellings of them. */
export interface RowIndex<Held> {
  /** Every row by its identity, and by spellings of its primary key. */
  readonly primary: KeyIndex<Held>
  get(key: Key): Held | undefined
  /** By an object of a unique key's columns; only by keys that were asked for before. */
  find(columns: object): Held | undefined
  add(held: Held, identity: Identity): void
  /** The same for a row that has none of the keys yet that others have. */
  addNew(held: Held): void
  remove(held: Held): void
  /** Whether one of the row's keys leads to something for which the test holds. */
  leadsTo(row: Row, test: (held: Held) => boolean): boolean
  /**
   * Remembers a key that leads to the row although it is not the row's own, if there is room.
   * @param mayReplace whether an older spelling of the row may make room.
   */
  addSpelling(held: Held, key: Key, mayReplace: boolean): void
  /** How many keys there are besides the primary ones of the rows. */
  aliases(): number
}

export interface Lookup<Held> {
  get(key: unknown): Held | undefined
}

export interface RowIndexOptions<Held> {
  readonly keys: TableKeys
  /** All that is held. */
  readonly all: readonly Held[]
  /** The other unique keys that were asked for: shared by all indexes of a table, because a key asked for once is likely to be asked for again. */
  readonly asked: Set<KeyDefinition>
}

// Spellings of one key ('FR', 'fr', 'fr ') are unlimited; a row keeps the few that callers use.
const MAX_SPELLINGS = 4

interface Spelling {
  readonly position: number
  readonly tokens: readonly Token[]
}

/**
 * A unique key besides the primary one is indexed when it is first asked for: most tables are read by one key, and each
 * index costs a load what the row itself costs it.
 */
export function createRowIndex<Held extends { readonly row: Row }>(
  options: RowIndexOptions<Held>,
): RowIndex<Held> {
  const { all, asked } = options
  const { definitions, identities } = options.keys
  const primary = createKeyIndex<Held>(definitions[0]!.parts)
  /** The only column of the primary key, if its values are their own tokens. */
  const plain =
    definitions[0]!.parts.length === 1 && identities.areExact ? definitions[0]!.parts[0] : undefined
  /** By the position of the definition. */
  const indexes: (KeyIndex<Held> | undefined)[] = definitions.map((definition) =>
    asked.has(definition) ? createKeyIndex(definition.parts) : undefined,
  )
  indexes[0] = primary
  const spellings = new Map<Held, Spelling[]>()
  let aliases = 0

  function indexOf(definition: KeyDefinition): KeyIndex<Held> | undefined {
    const { position } = definition
    if (indexes[position] || position >= definitions.length) return indexes[position]
    asked.add(definition)
    const index = createKeyIndex<Held>(definition.parts)
    indexes[position] = index
    for (const held of all) addTo(index, definition, held)
    return index
  }

  function addTo(index: KeyIndex<Held>, definition: KeyDefinition, held: Held): void {
    const tokens = identities.ownTokens(definition.parts, held.row)
    if (!tokens) return
    index.set(tokens, held)
    aliases++
  }

  function removeSpelling(held: Held, { position, tokens }: Spelling): void {
    indexes[position]!.delete(tokens, held)
    aliases--
  }

  function add(held: Held, identity: Identity): void {
    primary.set(identity, held)
    addToOthers(held)
  }

  function addToOthers(held: Held): void {
    for (let position = 1; position < definitions.length; position++) {
      const index = indexes[position]
      if (index) addTo(index, definitions[position]!, held)
    }
  }

  return {
    primary,
    get: ({ definition, tokens }) => indexOf(definition)?.get(tokens),
    find: (columns) => findByColumns(indexes, columns),
    add,
    addNew(held) {
      const token = plain && held.row[plain.name]
      if (plain && typeof token === plain.rawType) primary.setOnly(token as Token, held)
      else primary.set(identities.of(held.row), held)
      if (asked.size > 0) addToOthers(held)
    },
    remove(held) {
      primary.delete(identities.of(held.row), held)
      for (let position = 1; position < definitions.length; position++) {
        const index = indexes[position]
        const tokens = index && identities.ownTokens(definitions[position]!.parts, held.row)
        if (!tokens) continue
        index!.delete(tokens, held)
        aliases--
      }
      for (const spelling of spellings.get(held) ?? []) removeSpelling(held, spelling)
      spellings.delete(held)
    },
    leadsTo(row, test) {
      for (let position = 1; position < definitions.length; position++) {
        const index = indexes[position]
        const tokens = index && identities.ownTokens(definitions[position]!.parts, row)
        const held = tokens && index!.get(tokens)
        if (held && test(held)) return true
      }
      return false
    },
    addSpelling(held, { definition, tokens }, mayReplace) {
      const index = indexOf(definition)!
      if (index.get(tokens) === held) return
      let known = spellings.get(held)
      if (!known) {
        known = []
        spellings.set(held, known)
      }
      if (known.length === MAX_SPELLINGS) {
        if (!mayReplace) return
        removeSpelling(held, known.shift()!)
      }
      index.set(tokens, held)
      known.push({ position: definition.position, tokens })
      aliases++
    },
    aliases: () => aliases,
  }
}

/** For an object of a key's columns and no other; anything that is not a plain object is ignored here. */
function findByColumns<Held extends object>(
  indexes: readonly (KeyIndex<Held> | undefined)[],
  columns: object,
): Held | undefined {
  try {
    if (Object.getPrototypeOf(columns) !== Object.prototype) return undefined
    let count = 0
    let first = ''
    for (const name in columns) if (count++ === 0) first = name
    // By position: with an iterator it is too long to be compiled into the hit.
    for (let position = 0; position < indexes.length; position++) {
      const index = indexes[position]
      if (index === undefined) continue
      if (count === 1) {
        if (index.only === first) return index.find(columns)
      } else if (index.depth === count) {
        const held = index.find(columns)
        if (held) return held
      }
    }
  } catch {
    // A getter or a Proxy that throws: resolving the key reports that.
  }
  return undefined
}
