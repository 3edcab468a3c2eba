import type { Counters } from '../diagnostics/stats.ts'
import type { PinnedGeneration } from './pinned-generation.ts'
import type { ScopedTable } from './scoped-table.ts'
import { TableScope } from './table-scope.ts'

/** Knows the scope that a caller is in, if any, as `AsyncLocalStorage` does. */
export interface CurrentScope {
  getStore(): RequestScope | undefined
}

/** Remembers what one request or transaction has read. */
export class RequestScope {
  /** By the position of their table. */
  readonly #tables: (TableScope | undefined)[] = []
  readonly #ends: boolean
  /** Of a scope that ends with its last user. The sign is watched in its place: V8 keeps what is watched until its next full collection. */
  #watched: { readonly sign: object; readonly open: OpenTable[] } | undefined
  #closed = false

  /** @param options.ends whether {@link close} is called; a scope that is passed around ends with its last user. */
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
    table.counters.scopes++
    if (this.#closed) scope.close()
    else if (!this.#ends) this.#watch({ counters: table.counters, held: scope.held })
    return scope
  }

  #watch(open: OpenTable): void {
    if (!this.#watched) {
      this.#watched = { sign: {}, open: [] }
      abandoned.register(this.#watched.sign, this.#watched.open)
    }
    this.#watched.open.push(open)
  }

  /** Forgets everything. */
  clear(): void {
    for (const table of this.#tables) table?.clear()
  }

  /** Ends the scope: the process need not keep anything for it any more. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const table of this.#tables) table?.close()
  }
}

/** A table that a scope has touched. It leads to nothing that the scope remembers. */
interface OpenTable {
  readonly counters: Counters
  readonly held: PinnedGeneration | undefined
}

const abandoned = new FinalizationRegistry<OpenTable[]>((open) => {
  for (const { counters, held } of open) {
    counters.scopes--
    held?.close()
  }
})
