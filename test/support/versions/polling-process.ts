/** A process that follows the version of `item` over a store, and says on demand what it reads and what its polls have sent. */
import { createDatabase, createRepositories, type TablesMetadata } from '../../../src/index.ts'
import { lmdbStore } from '../../../src/store/lmdb/index.ts'
import { POLL } from '../../../src/versions/poll-sql.ts'
import type { AnyDB, AnyRepositories } from '../lookups.ts'

export interface PollingTask {
  readonly url: string
  /** Of the store. */
  readonly path: string
  readonly tables: TablesMetadata
  /** Milliseconds. */
  readonly pollInterval: number
}

export interface PollingReport {
  /** The name of the row 1, or null. */
  readonly name: string | null
  /** How many statements it has sent to follow versions. */
  readonly sent: number
  /** How many of them have read versions. */
  readonly polls: number
}

const { url, path, tables, pollInterval } = JSON.parse(process.argv[2]!) as PollingTask
let sent = 0
let polls = 0
const db = createDatabase<AnyDB>({
  uri: url,
  log({ query: { sql } }) {
    if (!sql.includes(POLL.trim())) return
    sent++
    if (/ from lookup_version/.test(sql)) polls++
  },
})
const store = lmdbStore({ path })
await store.ready()
const repos = createRepositories({
  db,
  tables,
  cache: { item: 'versioned' },
  store,
  timeout: 120_000,
  versions: { pollInterval },
}) as unknown as AnyRepositories
await repos.$ready()
await repos.item!.findByKey(1)

process.on('message', async (message) => {
  if (message === 'report') {
    const row = await repos.item!.findByKey(1)
    process.send!({ name: row ? String(row.name) : null, sent, polls } satisfies PollingReport)
  }
  if (message !== 'end') return
  await repos.$close()
  await store.close()
  await db.destroy()
  process.disconnect()
})
process.once('disconnect', () => process.exit())
process.send!('ready')
