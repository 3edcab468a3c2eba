import type { ScopeHold } from './generation-lease.ts'
import type { ScopedTable } from './table-scope.ts'
import { TableMemo } from './table-scope.ts'

/** Who knows the scope that a caller is in, if it is in one; `AsyncLocalStorage` does. */
export interface CurrentScope {
  getStore(): RequestScope | undefined
}

/** Remembers, for one request or transaction, what was read: a key is asked once and answers one row object. */
export class RequestScope {
  /** By the position of their table. */
  readonly #memos: (TableMemo | undefined)[] = []
  readonly #ends: boolean
  /** Of a scope that ends with its last user: what is watched instead of it, with what it holds of the process. */
  #watched: { readonly sign: object; readonly holds: ScopeHold[] } | undefined
  #closed = false

  /** @param ends whether somebody calls {@link close}; a scope that is passed around explicitly ends with its last user. */
  constructor(ends: boolean) {
    this.#ends = ends
  }

  /** For a set that belongs to this scope wherever it is used. */
  getStore(): RequestScope {
    return this
  }

  /** The table's memo, made when a request first touches the table. */
  memo(table: ScopedTable): TableMemo {
    return this.#memos[table.position] ?? this.#remember(table)
  }

  #remember(table: ScopedTable): TableMemo {
    const memo = new TableMemo(table)
    this.#memos[table.position] = memo
    if (!this.#ends) this.#watch(memo.hold)
    if (this.#closed) memo.close()
    return memo
  }

  /** The engine keeps what is watched until it next looks at the whole heap: not the scope with its rows, therefore. */
  #watch(hold: ScopeHold): void {
    if (!this.#watched) {
      this.#watched = { sign: {}, holds: [] }
      abandoned.register(this.#watched.sign, this.#watched.holds)
    }
    this.#watched.holds.push(hold)
  }

  /** Forgets everything. */
  clear(): void {
    for (const memo of this.#memos) memo?.clear()
  }

  /** Ends the scope: nothing of it needs to be kept in agreement any more. */
  close(): void {
    this.#closed = true
    for (const memo of this.#memos) memo?.close()
  }
}

const abandoned = new FinalizationRegistry<ScopeHold[]>((holds) => {
  for (const hold of holds) hold.end()
})
