import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import { type CurrentScope, RequestScope } from '../scope/request-scope.ts'
import type { AmbientTransactions } from './ambient-transactions.ts'
import { createRepository, type RepositoryMembers } from './create-repository.ts'
import { dropAfterWrite, type ProcessTable, type ProcessTables } from './process-tables.ts'
import { type RepositorySet, repositorySetFactory } from './repository-set.ts'
import type { TransactionOptions } from './transaction.ts'
import type { TransactionFunction, TransactionSets } from './transaction-sets.ts'
import { createTableWrites } from './writes.ts'

export interface RequestSetsOptions {
  readonly db: Kysely<unknown>
  readonly tables: ProcessTables
  readonly ambient: AmbientTransactions
  readonly transactions: TransactionSets
  /** Looks at the versions of all cached tables. */
  look(): Promise<void>
  /** Tells the other processes that these tables were written. */
  announce(written: readonly ProcessTable[]): void
  /** What a set has besides tables, requests and transactions. */
  readonly members: Readonly<Record<string | symbol, unknown>>
}

/** The repositories of the process, which find the scope of the request that they are used in. */
export function createRequestSets(options: RequestSetsOptions): RepositorySet {
  const { db, tables, ambient, transactions, look, announce, members } = options
  const scopes = new AsyncLocalStorage<RequestScope>()

  /**
   * After a write, the process and the request that made it read the table from the server again. The write may have changed
   * other tables by a foreign key or a trigger: their versions tell.
   */
  async function wrote(table: ProcessTable, scope: RequestScope | undefined): Promise<void> {
    dropAfterWrite(table)
    scope?.table(table).clear()
    announce([table])
    const others = [...tables.versioned.values()].filter((other) => other !== table)
    if (others.length === 0) return
    const before = others.map(({ cache }) => cache!.current)
    await look().catch(() => {
      for (const { cache } of others) cache!.drop()
    })
    for (const [index, other] of others.entries()) {
      if (other.cache!.current !== before[index]) scope?.table(other).clear()
    }
  }

  function $request<Result>(fn: () => Result): Result {
    const scope = new RequestScope({ ends: true })
    const close = () => scope.close()
    let result: Result
    try {
      result = scopes.run(scope, () => adopt(fn()))
    } catch (error) {
      close()
      throw error
    }
    if (result instanceof Promise) result.then(close, close)
    else close()
    return result
  }

  const membersOf = (table: ProcessTable): RepositoryMembers => ({
    writes: ({ scopes }) =>
      createTableWrites(table, { over: db, wrote: () => wrote(table, scopes.getStore()) }),
    immutable: table.cache?.mode === 'immutable',
    route: ambient,
  })
  const byName = new Map(
    Array.from(tables.byName, ([name, table]) => [name, { table, members: membersOf(table) }]),
  )
  const createSet = repositorySetFactory<CurrentScope>({
    names: [...byName.keys()],
    repository(name, scopes, set) {
      const { table, members } = byName.get(name)!
      return createRepository({ ...table, scopes, set }, members)
    },
    members: {
      ...Object.fromEntries(Reflect.ownKeys(members).map((name) => [name, () => members[name]])),
      $request: () => $request,
      $forRequest: () => $forRequest,
      $db: (scopes) => ambient.inside(scopes)?.$db ?? db,
      $withTransaction: () => transactions.bind,
      $transaction:
        (scopes) =>
        <Result>(fn: TransactionFunction<Result>, more?: TransactionOptions) =>
          transactions.run(fn, { ...more, scope: scopes.getStore() }),
      $withoutTransaction:
        () =>
        <Result>(fn: () => Result) =>
          ambient.outside(fn),
    },
  })
  const $forRequest = () => createSet(new RequestScope({ ends: false }))
  return createSet(scopes)
}

/** Any other thenable is turned into a promise within the scope, so that its `then` is called only once. */
function adopt<Result>(result: Result): Result {
  if (result instanceof Promise || typeof (result as { then?: unknown } | undefined)?.then !== 'function') {
    return result
  }
  return Promise.resolve(result) as Result
}
