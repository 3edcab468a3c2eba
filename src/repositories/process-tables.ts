import type { Kysely } from 'kysely'
import { createExpiringCache } from '../cache/expiring-cache.ts'
import { createProcessCache, type FollowedCache, type ProcessCache } from '../cache/process-cache.ts'
import type { SharedCacheOptions } from '../cache/shared-cache.ts'
import { expectAdapter } from '../database/lookup-adapter.ts'
import { type CacheEvents, createCacheEvents } from '../diagnostics/cache-events.ts'
import type { DatabaseIdentity } from '../diagnostics/read-subject.ts'
import { createCounters } from '../diagnostics/stats.ts'
import { tableKeys } from '../keys/key.ts'
import { createRefresher, type Refresher } from '../loading/refresher.ts'
import { createServerReads, type ServerReadsOptions } from '../loading/server-reads.ts'
import { createStoreReads } from '../loading/store-reads.ts'
import { createTableStore, type TableStore } from '../loading/table-store.ts'
import { createTableReader, type TableReader } from '../loading/way-of-a-key.ts'
import type { TableMetadata, TablesMetadata } from '../metadata.ts'
import { createRowReader, type RowReader } from '../rows/row.ts'
import type { ScopedTable } from '../scope/scoped-table.ts'
import { createTableCodec } from '../store/table-codec.ts'
import type { ServerAccess } from '../verification/verified-server.ts'
import { type References, referencesOf } from './references.ts'
import type { ResolvedCacheMode, ResolvedOptions } from './resolved-options.ts'
import type { StoredTable } from './store-link.ts'

/** Statements of one key definition that may be under way at a time. A transaction has one connection. */
const MAX_IN_FLIGHT = 2

/** One table of the process: what all its repositories share. */
export interface ProcessTable extends ScopedTable {
  /** The name that its repository has. */
  readonly name: string
  readonly table: TableMetadata
  readonly events: CacheEvents
  readonly rowReader: RowReader
  readonly reader: TableReader
  readonly references: References | undefined
  /** Its rows in the store, if there is one. */
  readonly stored: TableStore | undefined
}

interface ReaderOver extends Pick<ServerReadsOptions, 'connect'> {
  readonly inTransaction: boolean
}

/** What is cached of a table that this process has written; what an `immutable` table holds, no write changes. */
export function dropAfterWrite({ cache }: ProcessTable): void {
  if (cache?.mode !== 'immutable') cache?.drop()
}

export interface ProcessTables {
  /** By the name of their repositories. */
  readonly byName: ReadonlyMap<string, ProcessTable>
  /** The names of those that are `expiring`. */
  readonly expiring: readonly string[]
  /** By the database's names, those that are `versioned`. */
  readonly versioned: ReadonlyMap<string, ProcessTable>
  /** By the database's names, the process-wide caches that follow versions. */
  readonly followed: ReadonlyMap<string, FollowedCache>
  /** Those that the store keeps. */
  readonly stored: readonly StoredTable[]
  /** The process-wide caches. */
  readonly caches: readonly ProcessCache[]
  /** Drops what is held of tables that are `expiring`, by the database's names; of all of them, if none are named. */
  dropExpiring(names?: readonly string[]): void
  /** Another way to a table's rows, which neither asks nor fills the process-wide cache. */
  readerInTransaction(table: ProcessTable, connect: ServerReadsOptions['connect']): TableReader
  /** Ends what is done in the background. */
  stop(): Promise<void>
}

export interface ProcessTablesOptions {
  readonly db: Kysely<unknown>
  readonly tables: TablesMetadata
  readonly settings: ResolvedOptions
  readonly database: DatabaseIdentity
  readonly serverFor: ServerAccess['serverFor']
  /** Looks where the rows of stored tables are, before they are written. */
  confirmStored(): Promise<void>
}

/** Makes what the process shares of each table: its keys, cache, counters and the way to its rows. */
export function createProcessTables(options: ProcessTablesOptions): ProcessTables {
  const { db, settings, database, serverFor } = options
  const { decoding } = expectAdapter(db)
  const refreshers: Refresher[] = []
  const storedTables: StoredTable[] = []

  function createTable(name: string, table: TableMetadata, position: number): ProcessTable {
    const counters = createCounters()
    const keys = tableKeys(table, settings)
    const rowReader = createRowReader(table, decoding)
    const events = createCacheEvents(table.name)
    const cache = createCache(settings.cacheOf(name), { keys, counters, events })
    let server: ReturnType<ServerAccess['serverFor']> | undefined
    const references = referencesOf(table, options.tables)
    const stored = createStored({ table, counters, keys, rowReader, cache })
    const shared = { name, position, table, counters, events, keys, rowReader, cache, references, stored }
    const reader = createReader(shared, {
      inTransaction: false,
      connect() {
        server ??= serverFor({ table, over: db, cached: cache })
        return server()
      },
    })
    const refreshAfter = cache?.mode === 'expiring' ? cache.lifetime.refreshAfter : undefined
    if (cache?.mode === 'expiring' && refreshAfter !== undefined) {
      const { ahead: reads } = reader
      refreshers.push(createRefresher({ table: table.name, cache, refreshAfter, reads, counters }))
    }
    return { ...shared, reader, source: reader.source }
  }

  function createReader(
    { table, counters, keys, rowReader, cache, stored: below }: Omit<ProcessTable, 'reader' | 'source'>,
    { connect, inTransaction }: ReaderOver,
  ): TableReader {
    const shared = inTransaction ? undefined : cache
    const stored = inTransaction ? undefined : below
    const origin = { database, inTransaction }
    const { timeout, maxBatchSize, maxWaitingKeys: maxWaiting } = settings
    const server = createServerReads({
      ...{ table, counters, origin, timeout, connect, identities: keys.identities },
      reader: rowReader,
      ...{ cache: shared, stored, maxRows: cache?.maxRows },
    })
    const source = stored ? createStoreReads(server, { stored, timeout, connect }) : server
    const limits = { timeout, maxBatchSize, maxWaiting, maxInFlight: inTransaction ? 1 : MAX_IN_FLIGHT }
    return createTableReader({
      ...limits,
      what: table.name,
      keys,
      counters,
      cache: shared,
      stored,
      source,
      origin,
    })
  }

  /** None of an `expiring` table: nothing tells how old its rows are. */
  function createStored({
    table,
    counters,
    keys,
    rowReader,
    cache,
  }: Pick<ProcessTable, 'table' | 'counters' | 'keys' | 'rowReader' | 'cache'>): TableStore | undefined {
    const { store } = settings
    if (!store || !cache || cache.mode === 'expiring') return undefined
    const codec = createTableCodec({ keys, reader: rowReader, maxAge: store.maxAge })
    const stored = createTableStore({ store, codec, cache, counters, confirm: options.confirmStored })
    storedTables.push({ table, mode: cache.mode, stored })
    return stored
  }

  const byName = new Map(
    Object.entries(options.tables).map(
      ([name, table], position) => [name, createTable(name, table, position)] as const,
    ),
  )
  const all = [...byName.values()]
  const those = (mode: ProcessCache['mode']) => all.filter(({ cache }) => cache?.mode === mode)
  return {
    byName,
    expiring: those('expiring').map(({ name }) => name),
    versioned: new Map(those('versioned').map((one) => [one.table.name, one])),
    followed: new Map(
      all.flatMap(({ table, cache }) =>
        cache && cache.mode !== 'expiring' ? [[table.name, cache] as const] : [],
      ),
    ),
    stored: storedTables,
    caches: all.flatMap(({ cache }) => cache ?? []),
    dropExpiring(names) {
      for (const { table, cache } of those('expiring')) {
        if (!names || names.includes(table.name)) cache!.drop()
      }
    },
    async stop() {
      await Promise.all(refreshers.map((refresher) => refresher.stop()))
    },
    readerInTransaction: (table, connect) => createReader(table, { connect, inTransaction: true }),
  }
}

function createCache(
  mode: ResolvedCacheMode | undefined,
  shared: Omit<SharedCacheOptions, 'maxRows'>,
): ProcessCache | undefined {
  if (!mode) return undefined
  return mode.mode === 'expiring'
    ? createExpiringCache({ ...shared, ...mode })
    : createProcessCache({ ...shared, ...mode })
}
