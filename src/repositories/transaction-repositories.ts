import type { Kysely, Transaction } from 'kysely'
import type { TablesMetadata } from '../metadata.ts'
import type { RepositoriesByName, TableAccess } from './repositories-by-name.ts'

/**
 * Repositories, in a transaction or not: the type for services that work with either. `repos` is one, and so is what `$transaction`
 * passes to its function.
 *
 * @example
 * ```ts
 * type Service = TransactionRepositories<DB, typeof tables, { city: 'immutable' }>
 *
 * async function rename(repos: Service, code: string, name: string) {
 *   await repos.country.update(code, { name })
 * }
 *
 * await rename(repos, 'FR', 'France')
 * await repos.$transaction((trx) => rename(trx, 'FR', 'France'))
 * ```
 */
export type TransactionRepositories<
  DB,
  Tables extends TablesMetadata,
  Cache = Record<never, never>,
> = RepositoriesByName<DB, Tables, Cache> & TableAccess<DB, Tables, Cache> & QueryAccess<DB>

/**
 * Repositories that read and write in a transaction, as `$transaction` passes them to its function.
 *
 * @example
 * ```ts
 * const count = (trx: OpenTransaction<DB, typeof tables>) => trx.$db.selectFrom('country').select((eb) => eb.fn.countAll().as('n'))
 * ```
 */
export type OpenTransaction<
  DB,
  Tables extends TablesMetadata,
  Cache = Record<never, never>,
> = RepositoriesByName<DB, Tables, Cache> &
  TableAccess<DB, Tables, Cache> & {
    /**
     * The Kysely transaction that they read and write in.
     *
     * @example
     * ```ts
     * await repos.$transaction((trx) => trx.$db.deleteFrom('country_currency').where('position', '>', 1).execute())
     * ```
     */
    readonly $db: Transaction<DB>
  }

/**
 * Access to queries of your own.
 *
 * @example
 * ```ts
 * const countries = ({ $db }: QueryAccess<DB>) => $db.selectFrom('country').select('name').execute()
 * ```
 */
export interface QueryAccess<DB> {
  /**
   * Kysely, for queries that are no lookups: the transaction in a transaction, also in an ambient one, and else the database.
   *
   * @example
   * ```ts
   * const names = await repos.$db.selectFrom('country').select('name').execute()
   * ```
   * @throws LookupError if the transaction has ended.
   */
  readonly $db: Kysely<DB>
}
