import type { Key, KeyDefinition, TableKeys, Token } from '../keys/key.ts'
import { createKeyIndex, type KeyIndex } from '../keys/key-index.ts'
import type { Row } from '../rows/row.ts'

/** The rows that a scope was answered, one object for each primary key, found by all their keys. */
export class IdentityMap {
  readonly #keys: TableKeys
  readonly #maxRows: number
  readonly #byPrimaryKey = new Map<Token, Row>()
  /** Of the unique keys that were asked for after there were rows: most scopes ask by one key alone. */
  #byOthers: (KeyIndex<Row> | undefined)[] = []

  constructor(options: { readonly keys: TableKeys; readonly maxRows: number }) {
    this.#keys = options.keys
    this.#maxRows = options.maxRows
  }

  find({ definition, token, tokens }: Key): Row | undefined {
    if (definition.position === 0) return this.#byPrimaryKey.get(token)
    return this.#byPrimaryKey.size === 0 ? undefined : this.#index(definition).get(tokens)
  }

  /** The row that was seen with these tokens of the primary key before; else this one, from now on. */
  keep(row: Row, identity: readonly Token[]): Row {
    const token = this.#tokenOf(row, identity)
    const seen = this.#byPrimaryKey.get(token)
    if (seen) return seen
    this.#byPrimaryKey.set(token, row)
    for (const [position, index] of this.#byOthers.entries()) {
      const tokens = index && this.#keys.tokensOf(this.#keys.definitions[position]!, row)
      if (tokens) index!.set(tokens, row)
    }
    if (this.#byPrimaryKey.size > this.#maxRows) this.#deleteOldest()
    return row
  }

  delete(row: Row): void {
    this.#byPrimaryKey.delete(this.#tokenOf(row, this.#keys.identityOf(row)))
    for (const [position, index] of this.#byOthers.entries()) {
      const tokens = index && this.#keys.tokensOf(this.#keys.definitions[position]!, row)
      if (tokens) index!.delete(tokens, row)
    }
  }

  #deleteOldest(): void {
    for (const oldest of this.#byPrimaryKey.values()) {
      this.delete(oldest)
      return
    }
  }

  /** The token by which {@link Key} knows a primary key. */
  #tokenOf(row: Row, identity: readonly Token[]): Token {
    if (identity.length === 1) return identity[0]!
    return this.#keys.keyOf(this.#keys.definitions[0]!, row)?.token ?? JSON.stringify(identity.map(String))
  }

  #index(definition: KeyDefinition): KeyIndex<Row> {
    const { position, parts } = definition
    let index = this.#byOthers[position]
    if (index) return index
    index = createKeyIndex<Row>(parts)
    for (const row of this.#byPrimaryKey.values()) {
      const tokens = this.#keys.tokensOf(definition, row)
      if (tokens) index.set(tokens, row)
    }
    this.#byOthers[position] = index
    return index
  }
}
