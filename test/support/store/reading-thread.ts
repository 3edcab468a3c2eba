/** A thread that reads all rows of a table, from `first` on, through a store, and tells them in the order of their keys. */
import { parentPort, workerData } from 'node:worker_threads'
import { createDatabase, createRepositories, type TablesMetadata } from '../../../src/index.ts'
import { lmdbStore } from '../../../src/store/lmdb/index.ts'
import type { AnyDB, AnyRepositories } from '../lookups.ts'

const { url, path, tables, first, rows } = workerData as {
  readonly url: string
  readonly path: string
  readonly tables: TablesMetadata
  readonly first: number
  readonly rows: number
}
const db = createDatabase<AnyDB>({ uri: url })
const store = lmdbStore({ path })
await store.ready()
const repos = createRepositories({
  db,
  tables,
  cache: { item: 'versioned' },
  store,
  timeout: 120_000,
}) as unknown as AnyRepositories
const keys = Array.from({ length: rows }, (_, index) => ((index + first) % rows) + 1)
const read = await repos.item!.findByKeys(keys)
const { statements } = repos.$stats().item!
await repos.$close()
await store.close()
await db.destroy()
const sorted = read.toSorted((one, other) => Number(one!.id) - Number(other!.id))
parentPort!.postMessage({ rows: sorted.map((row) => ({ ...row })), statements })
