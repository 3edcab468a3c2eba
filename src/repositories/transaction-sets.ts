import type { Kysely, Transaction } from 'kysely'
import { adapterOf } from '../database/lookup-adapter.ts'
import { ConfigurationError } from '../errors.ts'
import type { TablesMetadata } from '../metadata.ts'
import type { RequestScope } from '../scope/request-scope.ts'
import { checkPlugins } from '../verification/plugins.ts'
import type { ServerAccess } from '../verification/verified-server.ts'
import { dropAfterWrite, type ProcessTable, type ProcessTables } from './process-tables.ts'
import { referenceReads } from './references.ts'
import { createRepository } from './repository.ts'
import { type RepositorySet, repositorySetFactory } from './repository-set.ts'
import { runTransaction, type TransactionOptions } from './transaction.ts'
import { createTransactionScope, type TransactionScope } from './transaction-scope.ts'
import { createTableWrites } from './writes.ts'

/** What a transaction's repositories read from. */
interface TransactionOrigin {
  readonly transaction: Transaction<unknown>
  readonly scopes: TransactionScope
  /** The tables that were written, or may have been. */
  readonly written: Set<string>
}

export interface TransactionSetsOptions {
  readonly db: Kysely<unknown>
  readonly tables: ProcessTables
  readonly access: ServerAccess
  readonly metadata: TablesMetadata
  readonly allowPlugins: readonly string[] | undefined
  /** Milliseconds over a read. */
  readonly timeout: number
  /** Tells the other processes that these tables were written. */
  announce(written: readonly ProcessTable[]): void
}

export interface TransactionRun extends TransactionOptions {
  /** The request that it is run in. */
  readonly scope: RequestScope | undefined
}

/** Repositories in transactions: they read what the transaction sees, and remember it for themselves. */
export interface TransactionSets {
  /** Those of a transaction of the program's own. */
  bind(transaction: Transaction<unknown>): RepositorySet
  /** Runs a function in a new transaction. */
  run<Result>(fn: (set: RepositorySet) => Promise<Result>, options: TransactionRun): Promise<Result>
}

export function createTransactionSets(options: TransactionSetsOptions): TransactionSets {
  const { db, tables, access } = options

  const createSet = repositorySetFactory<TransactionOrigin>({
    names: [...tables.byName.keys()],
    repository(name, { transaction, scopes, written }, { $table }) {
      const shared = tables.byName.get(name)!
      const server = access.serverFor({ table: shared.table, over: transaction, ranIn: scopes.ranIn })
      const reader = tables.readerInTransaction(shared, server)
      const table = { ...shared, reader, source: reader.source, cache: undefined }
      const wrote = () => {
        written.add(name)
      }
      const writes = createTableWrites(shared, { over: transaction, wrote })
      return createRepository({ ...table, scopes }, { ...writes, ...referenceReads(shared, $table) })
    },
    members: {
      $db({ transaction, written }) {
        // What is run on it may write anything; only `versioned` tables will tell.
        for (const name of tables.expiring) written.add(name)
        return transaction
      },
    },
  })

  function setIn(transaction: Transaction<unknown>, written = new Set<string>()): RepositorySet {
    return createSet({ transaction, scopes: createTransactionScope(), written })
  }

  /** What was written, by repositories or past them, this process and the request read from the server. */
  function forget(names: Iterable<string>, scope: RequestScope | undefined): void {
    const written = Array.from(names, (name) => tables.byName.get(name)!)
    for (const table of written) {
      dropAfterWrite(table)
      scope?.table(table).clear()
    }
    options.announce(written)
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
      return setIn(transaction)
    },
    run(fn, { scope, ...more }) {
      const written = new Set<string>()
      const { versioned } = tables
      return runTransaction(
        {
          ...more,
          db,
          versioned: [...versioned.keys()],
          versionOf: (table) => versioned.get(table)!.cache!.current.version,
          bind: (transaction) => setIn(transaction, written),
          timeout: options.timeout,
          committed(moved) {
            const names = [...moved.keys()].map((table) => versioned.get(table)!.name)
            forget(new Set([...written, ...names]), scope)
            // Another server may not have the commit yet.
            for (const [table, version] of moved) tables.followed.get(table)!.raise(version)
          },
        },
        fn,
      )
    },
  }
}
