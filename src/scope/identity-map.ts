import type { Identity, Token } from '../keys/identity.ts'
import type { Key, KeyDefinition, TableKeys } from '../keys/key.ts'
import { createKeyIndex, type KeyIndex } from '../keys/key-index.ts'
import type { Row } from '../rows/row.ts'

/** The rows that a scope has seen: one object for each primary key, found by all their keys. */
export class IdentityMap {
  readonly #keys: TableKeys
  readonly #maxRows: number
  readonly #byPrimaryKey = new Map<Token, Row>()
  /** Those whose identity no key leads to. */
  readonly #beside = new Map<Token, Row>()
  /** Indexes of the other unique keys, built when first asked for: most scopes use a single key. */
  #byOthers: (KeyIndex<Row> | undefined)[] = []

  /** @param options.rows what was seen already, absences among it */
  constructor(options: {
    readonly keys: TableKeys
    readonly maxRows: number
    readonly rows: readonly (Row | undefined)[]
  }) {
    this.#keys = options.keys
    this.#maxRows = options.maxRows
    for (const row of options.rows) if (row) this.keep(row, options.keys.identities.of(row))
  }

  find({ definition, token, tokens }: Key): Row | undefined {
    if (definition.position === 0) return this.#byPrimaryKey.get(token)
    if (this.#byPrimaryKey.size + this.#beside.size === 0) return undefined
    return this.#index(definition).get(tokens)
  }

  has(row: Row, identity: Identity): boolean {
    return this.#rowsOf(identity).has(this.#tokenOf(row, identity))
  }

  /** The row of this identity that was seen before; else this one, from now on. */
  keep(row: Row, identity: Identity): Row {
    const rows = this.#rowsOf(identity)
    const token = this.#tokenOf(row, identity)
    const seen = rows.get(token)
    if (seen) return seen
    rows.set(token, row)
    for (const [position, index] of this.#byOthers.entries()) {
      const tokens = index && this.#ownTokens(position, row)
      if (tokens) index!.set(tokens, row)
    }
    if (rows.size > this.#maxRows) this.#deleteOldest(rows)
    return row
  }

  delete(row: Row): void {
    const identity = this.#keys.identities.of(row)
    this.#rowsOf(identity).delete(this.#tokenOf(row, identity))
    for (const [position, index] of this.#byOthers.entries()) {
      const tokens = index && this.#ownTokens(position, row)
      if (tokens) index!.delete(tokens, row)
    }
  }

  #deleteOldest(rows: ReadonlyMap<Token, Row>): void {
    for (const oldest of rows.values()) {
      this.delete(oldest)
      return
    }
  }

  #rowsOf(identity: Identity): Map<Token, Row> {
    return typeof identity === 'string' ? this.#beside : this.#byPrimaryKey
  }

  /** The token that a {@link Key} has for a primary key, or one that no key has. */
  #tokenOf(row: Row, identity: Identity): Token {
    if (typeof identity === 'string') return identity
    if (identity.length === 1) return identity[0]!
    return this.#keys.keyOf(this.#keys.definitions[0]!, row)?.token ?? JSON.stringify(identity.map(String))
  }

  #ownTokens(position: number, row: Row): readonly Token[] | undefined {
    return this.#keys.identities.ownTokens(this.#keys.definitions[position]!.parts, row)
  }

  #index({ position, parts }: KeyDefinition): KeyIndex<Row> {
    let index = this.#byOthers[position]
    if (index) return index
    index = createKeyIndex<Row>(parts)
    for (const rows of [this.#byPrimaryKey, this.#beside]) {
      for (const row of rows.values()) {
        const tokens = this.#ownTokens(position, row)
        if (tokens) index.set(tokens, row)
      }
    }
    this.#byOthers[position] = index
    return index
  }
}
