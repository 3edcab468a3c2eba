import { AsyncLocalStorage } from 'node:async_hooks'
import { coalesce } from '../database/coalesce.ts'
import type { TableStore } from '../loading/table-store.ts'
import type { TableContent } from '../store/namespace.ts'
import type { Store } from '../store/store.ts'
import type { LookedUpTable } from '../verification/content-look.ts'

/** Keeps the tables of the process where their rows are in the store. */
export interface StoreLink {
  /** Looks where the rows are of tables that have lost them; to be called whenever versions were verified. Never rejects. */
  follow(): Promise<void>
  /** The same before the first read. */
  begin(): Promise<void>
  /** Looks again, for a table whose rows are to be written. */
  confirm(): Promise<void>
  /** Writes what waits to be written. */
  end(): Promise<void>
}

/** A table that uses the store. */
export interface StoredTable extends LookedUpTable {
  readonly stored: TableStore
}

/** How long (ms) the first read waits for a store that is being opened. */
const OPENING_PATIENCE = 1_000

export function createStoreLink(options: {
  readonly store: Store
  readonly tables: readonly StoredTable[]
  look(tables: readonly LookedUpTable[]): Promise<ReadonlyMap<string, TableContent>>
}): StoreLink {
  const { store, tables } = options
  let isOpen = false
  // What is looked at in a request would hold on to that request's scope, and end with its deadline.
  const outsideRequests = AsyncLocalStorage.snapshot()

  const look = coalesce(async (before) => {
    await before
    const found = tables.map(({ stored }) => stored.look())
    let contents: ReadonlyMap<string, TableContent> | undefined
    try {
      contents = await outsideRequests(() => options.look(tables))
    } finally {
      // After a failure nobody knows.
      for (const [index, { table }] of tables.entries()) found[index]!(contents?.get(table.name))
    }
  })

  async function follow(): Promise<void> {
    if (!tables.some(({ stored }) => stored.isLost())) return
    await look().catch(() => {})
  }

  return {
    follow,
    confirm: look,
    async begin() {
      if (!isOpen) await Promise.race([store.ready(), patience()])
      isOpen = true
      await follow()
    },
    async end() {
      await Promise.all(tables.map(({ stored }) => stored.flush()))
    },
  }
}

function patience(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, OPENING_PATIENCE).unref()
  })
}
