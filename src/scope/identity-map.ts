import type { Key, TableKeys, Token } from '../keys/key.ts'
import { createKeyIndex, type KeyIndex } from '../keys/key-index.ts'
import type { Row } from '../rows/row.ts'
import { MOST_REMEMBERED } from './scope-loader.ts'

/** The rows that a scope was answered, by all their keys. */
export class SeenRows {
  readonly #keys: TableKeys
  readonly #byPrimaryKey = new Map<Token, Row>()
  /** Of the unique keys that were asked for after there were rows: most scopes ask by one key alone. */
  #byOthers: (KeyIndex<Row> | undefined)[] = []

  constructor(keys: TableKeys) {
    this.#keys = keys
  }

  find({ definition, token, tokens }: Key): Row | undefined {
    if (definition.position === 0) return this.#byPrimaryKey.get(token)
    return this.#byPrimaryKey.size === 0 ? undefined : this.#index(definition.position).get(tokens)
  }

  /** The row that was seen with this one's primary key before; else this one, from now on. */
  keep(row: Row): Row {
    const identity = this.#identity(row)
    const seen = this.#byPrimaryKey.get(identity)
    if (seen) return seen
    this.#byPrimaryKey.set(identity, row)
    for (const [position, index] of this.#byOthers.entries()) {
      const tokens = index && this.#keys.tokensOf(this.#keys.definitions[position]!, row)
      if (tokens) index!.set(tokens, row)
    }
    if (this.#byPrimaryKey.size > MOST_REMEMBERED) this.#deleteOldest()
    return row
  }

  #deleteOldest(): void {
    for (const oldest of this.#byPrimaryKey.values()) {
      this.delete(oldest)
      return
    }
  }

  delete(row: Row): void {
    this.#byPrimaryKey.delete(this.#identity(row))
    for (const [position, index] of this.#byOthers.entries()) {
      const tokens = index && this.#keys.tokensOf(this.#keys.definitions[position]!, row)
      if (tokens) index!.delete(tokens, row)
    }
  }

  #identity(row: Row): Token {
    const tokens = this.#keys.identityOf(row)
    if (tokens.length === 1) return tokens[0]!
    return this.#keys.keyOf(this.#keys.definitions[0]!, row)?.token ?? JSON.stringify(tokens.map(String))
  }

  #index(position: number): KeyIndex<Row> {
    let index = this.#byOthers[position]
    if (index) return index
    const definition = this.#keys.definitions[position]!
    index = createKeyIndex<Row>(definition.parts)
    for (const row of this.#byPrimaryKey.values()) {
      const tokens = this.#keys.tokensOf(definition, row)
      if (tokens) index.set(tokens, row)
    }
    this.#byOthers[position] = index
    return index
  }
}
