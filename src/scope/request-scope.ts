import type { PinnedGeneration } from './pinned-generation.ts'
import { type ScopedTable, TableScope } from './table-scope.ts'

/** Who knows the scope that a caller is in, if it is in one; `AsyncLocalStorage` does. */
export interface CurrentScope {
  getStore(): RequestScope | undefined
}

/** Remembers what one request or transaction has read. */
export class RequestScope {
  /** By the position of their table. */
  readonly #tables: (TableScope | undefined)[] = []
  readonly #ends: boolean
  /** Of a scope that ends with its last user: what is watched instead of it, with what it holds of the process. */
  #watched: { readonly sign: object; readonly held: PinnedGeneration[] } | undefined
  #closed = false

  /** @param options.ends whether somebody calls {@link close}; a scope that is passed around ends with its last user. */
  constructor(options: { readonly ends: boolean }) {
    this.#ends = options.ends
  }

  /** For a set that belongs to this scope wherever it is used. */
  getStore(): RequestScope {
    return this
  }

  /** What it remembers of a table; made when the scope first touches the table. */
  table(table: ScopedTable): TableScope {
    return this.#tables[table.position] ?? this.#createTable(table)
  }

  #createTable(table: ScopedTable): TableScope {
    const scope = new TableScope(table)
    this.#tables[table.position] = scope
    if (!this.#ends) this.#watch(scope.held)
    if (this.#closed) scope.held.close()
    return scope
  }

  /** V8 keeps a watched object until its next full collection, so a small stand-in is watched instead of the scope with its rows. */
  #watch(held: PinnedGeneration): void {
    if (!this.#watched) {
      this.#watched = { sign: {}, held: [] }
      abandoned.register(this.#watched.sign, this.#watched.held)
    }
    this.#watched.held.push(held)
  }

  /** Forgets everything. */
  clear(): void {
    for (const table of this.#tables) table?.clear()
  }

  /** Ends the scope: the process need not keep anything for it any more. */
  close(): void {
    this.#closed = true
    for (const table of this.#tables) table?.held.close()
  }
}

const abandoned = new FinalizationRegistry<PinnedGeneration[]>((all) => {
  for (const held of all) held.close()
})
