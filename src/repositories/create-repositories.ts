import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely, Transaction } from 'kysely'
import { createProcessCache, type ProcessCache } from '../cache/process-cache.ts'
import type { SessionListener } from '../database/connection.ts'
import { LookupAdapter } from '../database/create-database.ts'
import type { Server } from '../database/server-features.ts'
import { type CacheEvents, createCacheEvents } from '../diagnostics/cache-events.ts'
import type { DatabaseIdentity } from '../diagnostics/channels.ts'
import { type Counters, createCounters, statsOf } from '../diagnostics/stats.ts'
import { ConfigurationError } from '../errors.ts'
import { tableKeys } from '../keys/key.ts'
import { createRowSource, type RowSourceOptions } from '../loading/row-source.ts'
import type { TableMetadata, TablesMetadata } from '../metadata.ts'
import { createRowReader } from '../rows/row.ts'
import { type CurrentScope, RequestScope } from '../scope/request-scope.ts'
import type { ScopedTable } from '../scope/table-scope.ts'
import { checkPlugins } from '../verification/plugins.ts'
import { createVerification } from '../verification/verification.ts'
import { createServerAccess } from '../verification/verified-server.ts'
import { createVersionWatch } from '../versions/version-watch.ts'
import { ASSEMBLY, type Assembly, rememberCaches } from './internals.ts'
import { resolveOptions } from './options.ts'
import { Repository, type RepositoryParts } from './repository.ts'
import { type RepositorySet, repositorySetFactory } from './repository-set.ts'
import { watchRollbacks } from './rollback-watch.ts'
import { runTransaction, type TransactionOptions } from './transaction.ts'
import type { CacheModes, Repositories, RepositoriesOptions } from './types.ts'
import { createWrites, type WritesOptions } from './writes.ts'

/** Statements of one key that may be under way at a time; a transaction has one connection. */
const MAX_IN_FLIGHT = 2

/** One table of the process: what all its repositories share. */
interface SharedTable extends ScopedTable {
  readonly table: TableMetadata
  readonly counters: Counters
  readonly events: CacheEvents
  /** How its rows are read, but for the connection. */
  readonly reading: Omit<RowSourceOptions, 'server' | 'maxInFlight' | 'cache'>
}

/** What a transaction's repositories read from. */
interface TransactionOrigin {
  readonly transaction: Transaction<unknown>
  readonly scope: RequestScope
  /** The same, once it has forgotten what was rolled back. */
  readonly scopes: CurrentScope
  readonly ranIn: SessionListener
  /** The tables that were written. */
  readonly written: Set<string>
}

/**
 * Makes a repository for every table of the generated metadata.
 *
 * @throws ConfigurationError where an option cannot work. What only the server can tell (its version, the session's
 * settings, whether the metadata is current) is verified once before the first read.
 */
export function createRepositories<
  DB,
  const Tables extends TablesMetadata,
  const Cache extends CacheModes<Tables> = Record<never, never>,
>(options: RepositoriesOptions<DB, Tables, Cache>): Repositories<DB, Tables, Cache> {
  const settings = resolveOptions(options as never)
  const db = options.db as unknown as Kysely<unknown>
  const { adapter } = db.getExecutor()
  const database: DatabaseIdentity = adapter instanceof LookupAdapter ? { ...adapter.endpoint } : {}
  const caches = new Map<string, ProcessCache>()
  const shared = new Map(
    Object.entries(options.tables).map(
      ([name, table], position) => [name, shareTable(name, table, position)] as const,
    ),
  )
  /** By the database's name of a versioned table the name that its repository has. */
  const versioned = new Map(
    [...shared].flatMap(([name, { table, cache }]) =>
      cache?.mode === 'versioned' ? [[table.name, name] as const] : [],
    ),
  )
  const names = [...shared.keys()]
  const watch = createVersionWatch({ db, tables: caches, settings: settings.versions })
  const access = createServerAccess({
    db,
    settings,
    watch,
    verification: createVerification(Object.values(options.tables)),
    versioned: [...versioned.keys()],
    database,
  })
  const scopes = new AsyncLocalStorage<RequestScope>()

  function shareTable(name: string, table: TableMetadata, position: number): SharedTable {
    const counters = createCounters()
    const keys = tableKeys(table)
    const reader = createRowReader(table)
    const mode = settings.cacheOf(name)
    const events = createCacheEvents(table.name)
    const cache = mode && createProcessCache({ ...mode, keys, counters, events })
    if (cache) caches.set(table.name, cache)
    let server: (() => Promise<Server>) | undefined
    const reading = {
      table,
      keys,
      reader,
      counters,
      origin: { database, inTransaction: false },
      maxBatchSize: settings.maxBatchSize,
      timeout: settings.timeout,
    }
    const source = createRowSource({
      ...reading,
      server() {
        server ??= access.serverFor({ table, over: db, cached: cache })
        return server()
      },
      maxInFlight: MAX_IN_FLIGHT,
      cache,
    })
    return { position, table, counters, events, keys, reader, cache, source, reading }
  }

  function writesOf(name: string, writing: Pick<WritesOptions, 'over' | 'wrote'>) {
    const { table, keys, cache } = shared.get(name)!
    return createWrites({ ...writing, name, table, keys, immutable: cache?.mode === 'immutable' })
  }

  /** After a commit: this process, and the scope that it was made in, read the tables anew. */
  function forget(names: Iterable<string>, scope: RequestScope | undefined): void {
    for (const name of names) {
      const table = shared.get(name)!
      if (table.cache?.mode === 'versioned') table.cache.drop()
      scope?.memo(table).clear()
    }
  }

  const createTransactionSet = repositorySetFactory<TransactionOrigin>({
    names,
    repository(name, { transaction, scope, scopes, ranIn, written }) {
      const table = shared.get(name)!
      const server = access.serverFor({ table: table.table, over: transaction, ranIn })
      const origin = { database, inTransaction: true }
      const source = createRowSource({ ...table.reading, origin, server, maxInFlight: 1 })
      const scoped = { ...table, source, cache: undefined, scopes }
      const wrote = () => {
        written.add(name)
        scope.memo(scoped).clear()
      }
      return createRepository(scoped, writesOf(name, { over: transaction, wrote }))
    },
    members: { $db: ({ transaction }) => transaction },
  })

  function setInTransaction(transaction: Transaction<unknown>, written = new Set<string>()) {
    const scope = new RequestScope(false)
    const rollbacks = watchRollbacks(scope)
    const current: CurrentScope = {
      getStore() {
        rollbacks.check()
        return scope
      },
    }
    return createTransactionSet({ transaction, scope, scopes: current, ranIn: rollbacks.ranIn, written })
  }

  async function transact<Result>(
    scope: RequestScope | undefined,
    fn: (set: RepositorySet) => Promise<Result>,
    transactionOptions: TransactionOptions = {},
  ): Promise<Result> {
    const written = new Set<string>()
    return runTransaction(
      {
        ...transactionOptions,
        db,
        versioned: [...versioned.keys()],
        versionOf: (table) => shared.get(versioned.get(table)!)!.cache!.current.version,
        bind: (transaction) => setInTransaction(transaction, written),
        committed: (moved) =>
          forget(new Set([...written, ...moved.map((table) => versioned.get(table)!)]), scope),
      },
      fn,
    )
  }

  function $withTransaction(transaction: Transaction<unknown>): RepositorySet {
    if (transaction?.isTransaction) {
      checkPlugins(transaction, options.tables, options.allowPlugins)
      return setInTransaction(transaction)
    }
    throw new ConfigurationError(
      '$withTransaction: expected a Kysely Transaction, as db.transaction().execute(…) and db.startTransaction() give it.',
    )
  }

  function $request<Result>(fn: () => Result): Result {
    const scope = new RequestScope(true)
    let result: Result
    try {
      result = scopes.run(scope, fn)
    } catch (error) {
      scope.close()
      throw error
    }
    const close = () => scope.close()
    if (result instanceof Promise) result.then(close, close)
    else close()
    return result
  }

  const $ready = () => access.verifyAll()
  const $stats = () =>
    Object.fromEntries(
      [...shared].map(([name, { counters, cache, events }]) => [
        name,
        statsOf({ counters, generation: cache?.current, since: events.since, verifiedAt: watch.verifiedAt }),
      ]),
    )
  const $close = () => watch.stop()
  const $forRequest = () => createSet(new RequestScope(false))
  const createSet = repositorySetFactory<CurrentScope>({
    names,
    repository(name, current) {
      const wrote = () => forget([name], current.getStore())
      return createRepository({ ...shared.get(name)!, scopes: current }, writesOf(name, { over: db, wrote }))
    },
    members: {
      $ready: () => $ready,
      $request: () => $request,
      $forRequest: () => $forRequest,
      $withTransaction: () => $withTransaction,
      $transaction:
        (current) =>
        <Result>(fn: (set: RepositorySet) => Promise<Result>, more?: TransactionOptions) =>
          transact(current.getStore(), fn, more),
      $stats: () => $stats,
      $close: () => $close,
      [Symbol.asyncDispose]: () => $close,
      [ASSEMBLY]: (): Assembly => ({ db, tables: options.tables, settings }),
    },
  })
  const repositories = createSet(scopes)
  rememberCaches(repositories, caches.values())
  return repositories as unknown as Repositories<DB, Tables, Cache>
}

/** A repository with what writes; not in the class, for an `immutable` table has no updates. */
function createRepository(parts: RepositoryParts, writes: object) {
  return Object.assign(new Repository<unknown, unknown, unknown>(parts), writes)
}
