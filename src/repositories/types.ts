import type { Transaction } from 'kysely'
import type { TableStats } from '../diagnostics/stats.ts'
import type { TablesMetadata } from '../metadata.ts'
import type { RefreshOptions } from './refreshing.ts'
import type { RepositoriesByName, TableAccess } from './repositories-by-name.ts'
import type { TableName } from './repository-of.ts'
import type { TransactionOptions } from './transaction.ts'
import type { OpenTransaction, QueryAccess } from './transaction-repositories.ts'

/**
 * What `createRepositories` returns: a repository for each table, by name, and the members that start with `$`.
 *
 * @example
 * ```ts
 * let repos: Repositories<DB, typeof tables, { country: 'versioned' }>
 * ```
 */
export type Repositories<
  DB,
  Tables extends TablesMetadata,
  Cache = Record<never, never>,
> = RepositoriesByName<DB, Tables, Cache> &
  TableAccess<DB, Tables, Cache> &
  RepositoriesMembers<DB, Tables, Cache>

/**
 * The members of `repos` that are not tables.
 *
 * @example
 * ```ts
 * const start = (repos: RepositoriesMembers<DB, typeof tables>) => repos.$ready()
 * ```
 */
export interface RepositoriesMembers<DB, Tables extends TablesMetadata, Cache = Record<never, never>>
  extends QueryAccess<DB> {
  /**
   * Verifies now what is otherwise verified once before the first read: the session's settings, the schema, versions and
   * triggers.
   *
   * @example
   * ```ts
   * await repos.$ready() // before the service listens
   * ```
   * @throws ConfigurationError that says what to fix. If the server cannot be reached, the driver's error or a
   * LookupTimeoutError; the next read tries again.
   */
  $ready(): Promise<void>
  /**
   * Looks at versions now, and drops what `expiring` tables hold. It resolves when a look that was sent after the call has been taken
   * in: call it when a message of your own bus arrives. Requests under way keep what they have seen.
   *
   * @example
   * ```ts
   * const listen = (bus: EventTarget) => bus.addEventListener('changed', () => repos.$refresh())
   * await repos.$refresh({ everywhere: true }) // after a script that wrote past the repositories
   * ```
   * @throws the driver's error or a LookupTimeoutError if versions could not be read; with `everywhere`, the doorbell's error if the
   * ring could not be sent, or a ConfigurationError if there is no doorbell that can ring.
   */
  $refresh(options?: RefreshOptions): Promise<void>
  /**
   * Runs `fn` in a new request scope and returns its result. Everything that `fn` starts reads in the scope, which ends when
   * the result settles.
   *
   * @example
   * ```ts
   * const name = await repos.$request(async () => (await repos.country.findByKeyOrThrow('FR')).name)
   * ```
   * @throws what `fn` throws.
   */
  $request<Result>(fn: () => Result): Result
  /**
   * Returns the same repositories, bound to a new request scope, to pass around. The scope lasts as long as you hold them.
   * Never throws.
   *
   * @example
   * ```ts
   * const context = () => ({ repos: repos.$forRequest() }) // of a GraphQL server
   * ```
   */
  $forRequest(): Repositories<DB, Tables, Cache>
  /**
   * Returns the same repositories, bound to a Kysely transaction of yours. They read what it sees, on its connection, and
   * neither read nor fill the process-wide cache.
   *
   * @example
   * ```ts
   * await db.transaction().execute(async (transaction) => {
   *   const inside = repos.$withTransaction(transaction)
   *   await inside.currency.update('JPY', { digits: 0 })
   * })
   * ```
   * @throws ConfigurationError if it is not a transaction.
   */
  $withTransaction(transaction: Transaction<DB>): OpenTransaction<DB, Tables, Cache>
  /**
   * Runs `fn` in a transaction, with repositories that read and write in it, and resolves to its result. Once committed, this
   * process reads what was written, everywhere. If `fn` throws, the transaction is rolled back. Called within an ambient transaction,
   * it joins that one.
   *
   * @example
   * ```ts
   * await repos.$transaction(
   *   async (trx) => {
   *     const { digits } = await trx.currency.findByKeyOrThrow('JPY')
   *     await trx.currency.update('JPY', { digits: digits + 1 })
   *   },
   *   { isolationLevel: 'repeatable read', retries: 3 },
   * )
   * ```
   * @throws what `fn` throws; ConfigurationError for `'read uncommitted'`; the server's error if COMMIT fails; LookupError if a part
   * of it failed and `fn` went on.
   */
  $transaction<Result>(
    fn: (transaction: OpenTransaction<DB, Tables, Cache>) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>
  /**
   * Runs `fn` outside of the ambient transaction that it is called in: for what reads committed rows, has a transaction of its own, or
   * goes on after the transaction has ended.
   *
   * @example
   * ```ts
   * await repos.$transaction(
   *   async () => {
   *     await repos.currency.update('JPY', { digits: 0 })
   *     const before = await repos.$withoutTransaction(() => repos.currency.findByKey('JPY'))
   *   },
   *   { ambient: true },
   * )
   * ```
   * @throws what `fn` throws.
   */
  $withoutTransaction<Result>(fn: () => Result): Result
  /**
   * Returns a copy of the counters of each table, counted since the repositories were created. Never throws.
   *
   * @example
   * ```ts
   * const { hits, misses } = repos.$stats().country
   * ```
   */
  $stats(): Readonly<Record<TableName<DB, Tables>, TableStats>>
  /**
   * Stops background work: the poll of versions. It does not close the database; call `db.destroy()` for that. Never throws.
   *
   * @example
   * ```ts
   * await repos.$close()
   * await db.destroy()
   * ```
   */
  $close(): Promise<void>
  /**
   * Does what `$close` does, at the end of an `await using` block. Never throws.
   *
   * @example
   * ```ts
   * await using repos = createRepositories({ db, tables })
   * ```
   */
  [Symbol.asyncDispose](): Promise<void>
}
