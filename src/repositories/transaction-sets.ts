import type { Kysely, Transaction } from 'kysely'
import { adapterOf } from '../database/lookup-adapter.ts'
import { ConfigurationError } from '../errors.ts'
import type { TablesMetadata } from '../metadata.ts'
import type { RequestScope } from '../scope/request-scope.ts'
import { checkPlugins } from '../verification/plugins.ts'
import type { ServerAccess } from '../verification/verified-server.ts'
import type { AmbientTransaction, AmbientTransactions, TransactionSet } from './ambient-transactions.ts'
import { createRepository } from './create-repository.ts'
import { dropAfterWrite, type ProcessTable, type ProcessTables } from './process-tables.ts'
import { type RepositorySet, repositorySetFactory } from './repository-set.ts'
import { runTransaction, type TransactionOptions } from './transaction.ts'
import { TransactionLifetime } from './transaction-lifetime.ts'
import { createTransactionScope, type TransactionScope } from './transaction-scope.ts'
import { createTableWrites } from './writes.ts'

/** What a transaction's repositories read from. */
interface TransactionOrigin {
  readonly transaction: Transaction<unknown>
  readonly scopes: TransactionScope
  /** The tables that were written, or may have been. */
  readonly written: Set<string>
  /** None if the program ends the transaction. */
  readonly lifetime: TransactionLifetime | undefined
}

export interface TransactionSetsOptions {
  readonly db: Kysely<unknown>
  readonly tables: ProcessTables
  readonly ambient: AmbientTransactions
  readonly access: ServerAccess
  readonly metadata: TablesMetadata
  readonly allowPlugins: readonly string[] | undefined
  /** Milliseconds over a read. */
  readonly timeout: number
  /** Tells the other processes that these tables were written. */
  announce(written: readonly ProcessTable[]): void
}

export type TransactionFunction<Result> = (set: RepositorySet) => Promise<Result>

export interface TransactionRun extends TransactionOptions {
  /** The request that it is run in. */
  readonly scope: RequestScope | undefined
}

/** Repositories in transactions: they read what the transaction sees, and remember it for themselves. */
export interface TransactionSets {
  /** Those of a transaction of the program's own. */
  bind(transaction: Transaction<unknown>): RepositorySet
  /** Runs a function in a new transaction, or in the ambient one that the caller runs in. */
  run<Result>(fn: TransactionFunction<Result>, options: TransactionRun): Promise<Result>
}

export function createTransactionSets(options: TransactionSetsOptions): TransactionSets {
  const { db, tables, ambient, access } = options

  const createSet = repositorySetFactory<TransactionOrigin>({
    names: [...tables.byName.keys()],
    repository(name, { transaction, scopes, written, lifetime }, set) {
      const shared = tables.byName.get(name)!
      const server = access.serverFor({ table: shared.table, over: transaction, ranIn: scopes.ranIn })
      const reader = tables.readerInTransaction(shared, server)
      const table = {
        ...shared,
        reader,
        source: reader.source,
        cache: undefined,
        scopes,
        set,
        process: shared,
      }
      const wrote = () => {
        written.add(name)
      }
      return createRepository(table, {
        writes: () => createTableWrites(shared, { over: transaction, wrote }),
        immutable: shared.cache?.mode === 'immutable',
        route: lifetime,
      })
    },
    members: {
      $db({ transaction, written, lifetime }) {
        lifetime?.expectOpen()
        // What is run on it may write anything; only `versioned` tables will tell.
        for (const name of tables.expiring) written.add(name)
        return transaction
      },
    },
  })

  /** What was written, by repositories or past them, this process and the request read from the server. */
  function forget(names: Iterable<string>, scopes: Iterable<RequestScope>): void {
    const written = Array.from(names, (name) => tables.byName.get(name)!)
    for (const table of written) {
      dropAfterWrite(table)
      for (const scope of scopes) scope.table(table).clear()
    }
    options.announce(written)
  }

  async function join<Result>(
    { set, lifetime, isolationLevel }: AmbientTransaction,
    fn: TransactionFunction<Result>,
    { isolationLevel: wanted = isolationLevel }: TransactionOptions,
  ): Promise<Result> {
    if (wanted === isolationLevel) return lifetime.join(() => fn(set))
    throw new ConfigurationError({
      kind: 'transaction',
      problem: `$transaction: it would join the ambient transaction, which has ${isolationLevel ? `the isolation level '${isolationLevel}'` : "the server's isolation level"}, and asks for '${wanted}'`,
      fix: 'Ask for it in the outermost $transaction, or begin a transaction of its own: repos.$withoutTransaction(() => repos.$transaction(…)).',
    })
  }

  return {
    bind(transaction) {
      if (!transaction?.isTransaction) {
        throw new ConfigurationError({
          kind: 'transaction',
          problem: '$withTransaction: expected a Kysely Transaction, got something else',
          fix: 'Pass the one that db.transaction().execute(…) or db.startTransaction() gives.',
        })
      }
      if (adapterOf(transaction) !== adapterOf(db)) {
        throw new ConfigurationError({
          kind: 'transaction',
          problem:
            '$withTransaction: the transaction belongs to another database object than the repositories',
          fix: 'Begin it on the db that createRepositories was given.',
        })
      }
      checkPlugins(transaction, options.metadata, options.allowPlugins)
      const scopes = createTransactionScope()
      return createSet({ transaction, scopes, written: new Set(), lifetime: undefined })
    },
    run(fn, { scope, ambient: isAmbient = false, ...more }) {
      const joined = ambient.current()
      if (joined) return join(joined, fn, more)
      const { versioned } = tables
      const written = new Set<string>()
      const requests = new Set(scope && [scope])
      return runTransaction({
        ...more,
        db,
        versioned: [...versioned.keys()],
        versionOf: (table) => tables.followed.get(table)!.floor,
        timeout: options.timeout,
        committed(moved) {
          const names = [...moved.keys()].map((table) => versioned.get(table)!.name)
          forget(new Set([...written, ...names]), requests)
          // Another server may not have the commit yet.
          for (const [table, version] of moved) tables.followed.get(table)!.raise(version)
        },
        async work(transaction) {
          const scopes = createTransactionScope()
          const lifetime = new TransactionLifetime()
          const set = createSet({ transaction, scopes, written, lifetime }) as TransactionSet
          const { isolationLevel } = more
          const around = { set, lifetime, isolationLevel, scopes: requests }
          try {
            const result = await (isAmbient ? ambient.run(around, () => fn(set)) : fn(set))
            await lifetime.end()
            return result
          } catch (error) {
            await lifetime.end().catch(() => {})
            throw error
          } finally {
            // Work that outlives the transaction keeps what it has.
            scopes.getStore().clear()
          }
        },
      })
    },
  }
}
