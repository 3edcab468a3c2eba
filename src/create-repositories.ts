import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely, Transaction } from 'kysely'
import { refusePromisePool } from './database.ts'
import { ConfigurationError } from './errors.ts'
import { type Counters, createCounters } from './events.ts'
import { tableKeys } from './key.ts'
import { createProcessCache } from './process-cache.ts'
import type { CacheMode, Repositories, RepositoriesOptions } from './repositories.ts'
import { repositorySetFactory } from './repository-set.ts'
import { RequestScope, type ScopedTable } from './request-scope.ts'
import { createRowReader } from './row.ts'
import { createRowSource, type RowSourceOptions } from './row-source.ts'
import { readFeatures, type Server } from './server.ts'
import { createExecute } from './statement.ts'
import type { TableMetadata, TablesMetadata } from './table.ts'
import { createVerification } from './verification.ts'

const DEFAULT_MAX_ROWS = 200_000
const DEFAULT_MAX_BATCH_SIZE = 5_000

/** Statements of one key that may be under way at a time; a transaction has one connection. */
const MAX_IN_FLIGHT = 2

/** One table of the process: what all its repositories share. */
interface SharedTable extends ScopedTable {
  readonly table: TableMetadata
  readonly counters: Counters
  /** How its rows are read, but for the connection. */
  readonly reading: Omit<RowSourceOptions, 'server' | 'maxInFlight' | 'cache'>
}

/**
 * Makes a repository for every table of the generated metadata.
 *
 * @throws ConfigurationError where an option cannot work. What only the server can tell (its version, the session's
 * settings, whether the metadata is current) is verified once before the first read.
 */
export function createRepositories<DB, Tables extends TablesMetadata>(
  options: RepositoriesOptions<DB, Tables>,
): Repositories<DB, Tables> {
  checkOptions(options)
  const db = options.db as unknown as Kysely<unknown>
  const verification = createVerification(Object.values(options.tables))
  const shared = new Map(
    Object.entries(options.tables).map(([name, table]) => [name, shareTable(name, table)] as const),
  )
  const createSet = repositorySetFactory([...shared.keys()])
  const scopes = new AsyncLocalStorage<RequestScope>()
  let known: Omit<Server, 'execute'> | undefined

  function shareTable(name: string, table: TableMetadata): SharedTable {
    const counters = createCounters()
    const keys = tableKeys(table)
    const reader = createRowReader(table)
    const maxRows = maxRowsOf(ownProperty(options.cache, name))
    const cache =
      maxRows === undefined ? undefined : createProcessCache({ mode: 'immutable', keys, maxRows, counters })
    const reading = {
      table,
      keys,
      reader,
      counters,
      maxBatchSize: options.maxBatchSize ?? DEFAULT_MAX_BATCH_SIZE,
    }
    const source = createRowSource({
      ...reading,
      server: serverFor(table, db),
      maxInFlight: MAX_IN_FLIGHT,
      cache,
    })
    return { table, counters, keys, reader, cache, source, reading }
  }

  /** Verifies a table before its first statement; after that nothing is in the way. */
  function serverFor(table: TableMetadata, over: Kysely<unknown>): () => Promise<Server> {
    const execute = createExecute(over)
    let verified: Promise<Server> | undefined
    return () => {
      if (verified) return verified
      const attempt = verification
        .verify(table.name, over)
        .then(() => features(over))
        .then((found) => ({
          execute,
          ...found,
          ...(options.statementForm && { form: options.statementForm }),
        }))
      // Only a success is remembered.
      attempt.then(
        () => {
          verified = attempt
        },
        () => {},
      )
      return attempt
    }
  }

  async function features(over: Kysely<unknown>): Promise<Omit<Server, 'execute'>> {
    known ??= await readFeatures(over)
    return known
  }

  function setOf(scope: () => RequestScope | undefined) {
    return createSet((name) => {
      const table = shared.get(name)!
      return { ...table, memo: () => scope()?.memo(table) }
    }, members) as unknown as Repositories<DB, Tables>
  }

  function setInTransaction(transaction: Transaction<unknown>) {
    const scope = new RequestScope()
    const parts = (name: string) => {
      const table = shared.get(name)!
      const source = createRowSource({
        ...table.reading,
        server: serverFor(table.table, transaction),
        maxInFlight: 1,
      })
      const scoped = { ...table, source, cache: undefined }
      return { ...scoped, memo: () => scope.memo(scoped) }
    }
    return createSet(parts, { $db: transaction })
  }

  const members = {
    async $ready() {
      await verification.verifyAll(db)
      await features(db)
    },
    $request<Result>(fn: () => Result): Result {
      const scope = new RequestScope()
      return closeAfter(scope, () => scopes.run(scope, fn))
    },
    $forRequest() {
      const scope = new RequestScope()
      return setOf(() => scope)
    },
    $withTransaction(transaction: Transaction<unknown>) {
      if (transaction?.isTransaction) return setInTransaction(transaction)
      throw new ConfigurationError(
        '$withTransaction: expected a Kysely Transaction, as db.transaction().execute(…) and db.startTransaction() give it.',
      )
    },
    $stats: () => Object.fromEntries([...shared].map(([name, { counters }]) => [name, { ...counters }])),
    async $close() {},
    [Symbol.asyncDispose]: () => members.$close(),
  }

  return setOf(() => scopes.getStore())
}

function closeAfter<Result>(scope: RequestScope, run: () => Result): Result {
  let result: Result
  try {
    result = run()
  } catch (error) {
    scope.close()
    throw error
  }
  const close = () => scope.close()
  if (result instanceof Promise) result.then(close, close)
  else close()
  return result
}

/** What can be seen without asking the server. */
function checkOptions(options: {
  readonly db: object
  readonly tables: object
  readonly cache?: object
  readonly maxBatchSize?: number
  readonly statementForm?: string
}): void {
  const { db, tables, cache, maxBatchSize, statementForm } = options ?? {}
  const given = db as { getExecutor?: unknown; getConnection?: unknown } | undefined
  if (typeof given?.getExecutor !== 'function') {
    if (typeof given?.getConnection === 'function') refusePromisePool(given)
    throw new ConfigurationError(
      'createRepositories: db is not a Kysely instance. Make one with createDatabase.',
    )
  }
  if (typeof tables !== 'object' || tables === null) {
    throw new ConfigurationError(
      'createRepositories: tables is missing. Import it from the file that kysely-lookup generate wrote.',
    )
  }
  for (const name of Object.keys(cache ?? {})) {
    if (!Object.hasOwn(tables, name)) {
      throw new ConfigurationError(
        `createRepositories: cache names ${JSON.stringify(name)}, and the generated metadata has no such table with a primary key.`,
      )
    }
  }
  if (statementForm !== undefined && statementForm !== 'json_table' && statementForm !== 'union_all') {
    throw new ConfigurationError("createRepositories: statementForm must be 'json_table' or 'union_all'.")
  }
  if (maxBatchSize !== undefined && !isPositiveInteger(maxBatchSize)) {
    throw new ConfigurationError('createRepositories: maxBatchSize must be a positive integer.')
  }
}

function maxRowsOf(mode: CacheMode | undefined): number | undefined {
  if (mode === undefined) return undefined
  const { mode: name, maxRows = DEFAULT_MAX_ROWS } =
    typeof mode === 'object' && mode !== null ? mode : { mode }
  if (name !== 'immutable') {
    throw new ConfigurationError(
      `createRepositories: the cache mode ${JSON.stringify(name)} is not supported. Use 'immutable' for rows that never change, or leave the table out.`,
    )
  }
  if (!isPositiveInteger(maxRows)) {
    throw new ConfigurationError('createRepositories: maxRows must be a positive integer.')
  }
  return maxRows
}

function ownProperty<Value>(record: Readonly<Record<string, Value>> | undefined, name: string) {
  return record && Object.hasOwn(record, name) ? record[name] : undefined
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}
