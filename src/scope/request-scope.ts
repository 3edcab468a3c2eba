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
  /** What is released when it ends. */
  readonly #open: OpenTable[] = []
  /** Watched in place of a scope that ends with its last user: V8 keeps what is watched until its next full collection. */
  #sign: object | undefined
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
    this.#open.push({ counters: table.counters, held: scope.held })
    if (this.#closed) release(this.#open)
    else if (!this.#ends && !this.#sign) {
      this.#sign = {}
      abandoned.register(this.#sign, this.#open)
    }
    return scope
  }

  /** Forgets everything. */
  clear(): void {
    for (const table of this.#tables) table?.clear()
  }

  /** Ends the scope: the process need not keep anything for it any more. */
  close(): void {
    this.#closed = true
    release(this.#open)
  }
}

/** A table that a scope has touched. It leads to nothing that the scope remembers. */
interface OpenTable {
  readonly counters: Counters
  readonly held: PinnedGeneration | undefined
}

function release(open: OpenTable[]): void {
  for (const { counters, held } of open.splice(0)) {
    counters.scopes--
    held?.close()
  }
}

const abandoned = new FinalizationRegistry<OpenTable[]>(release)
