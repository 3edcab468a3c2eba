import type { ScopedTable } from './table-memo.ts'
import { TableMemo } from './table-memo.ts'

/** By the position of their table. */
type Memos = (TableMemo | undefined)[]

/** Who knows the scope that a caller is in, if it is in one; `AsyncLocalStorage` does. */
export interface CurrentScope {
  getStore(): RequestScope | undefined
}

/** Remembers, for one request or transaction, what was read: a key is asked once and answers one row object. */
export class RequestScope {
  readonly #memos: Memos = []
  readonly #ends: boolean
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
    // What holds nothing of the process needs no watching.
    if (!this.#ends && this.#memos.length === 0) abandoned.register(this, this.#memos)
    this.#memos[table.position] = memo
    if (this.#closed) memo.close()
    return memo
  }

  /** Forgets everything. */
  clear(): void {
    for (const memo of this.#memos) memo?.clear()
  }

  /** Ends the scope: nothing of it needs to be kept in agreement any more. */
  close(): void {
    this.#closed = true
    closeAll(this.#memos)
  }
}

const abandoned = new FinalizationRegistry<Memos>(closeAll)

function closeAll(memos: Memos): void {
  for (const memo of memos) memo?.close()
}
