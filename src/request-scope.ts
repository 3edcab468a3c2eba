import type { ScopedTable } from './table-memo.ts'
import { TableMemo } from './table-memo.ts'

/** What a scope holds of the process, to be given back when it ends. */
type Held = Set<TableMemo>

/** Remembers, for one request or transaction, what was read: a key is asked once and answers one row object. */
export class RequestScope {
  readonly #memos = new Map<ScopedTable, TableMemo>()
  readonly #held: Held = new Set()

  /** @param ends whether somebody calls {@link close}; a scope that is passed around explicitly ends with its last user. */
  constructor(ends: boolean) {
    if (!ends) abandoned.register(this, this.#held)
  }

  /** The table's memo, made when a request first touches the table. */
  memo(table: ScopedTable): TableMemo {
    let memo = this.#memos.get(table)
    if (!memo) {
      memo = new TableMemo(table)
      this.#memos.set(table, memo)
      this.#held.add(memo)
    }
    return memo
  }

  /** Forgets everything. */
  clear(): void {
    for (const memo of this.#memos.values()) memo.clear()
  }

  /** Ends the scope: nothing of it needs to be kept in agreement any more. */
  close(): void {
    release(this.#held)
  }
}

const abandoned = new FinalizationRegistry<Held>(release)

function release(held: Held): void {
  for (const memo of held) memo.close()
  held.clear()
}
