import type { TablesMetadata } from '../metadata.ts'
import type { CachedReads } from './cached-reads.ts'
import type { RepositoryOf, TableName, WritesByName } from './repository-of.ts'

/**
 * A repository for each table, by name. Tables whose names start with `$` are left out: use `$table` for them.
 *
 * @example
 * ```ts
 * const countryOf = (repos: RepositoriesByName<DB, typeof tables, {}>, code: string) => repos.country.findByKey(code)
 * ```
 */
export type RepositoriesByName<DB, Tables extends TablesMetadata, Cache> = {
  readonly [Name in TableName<DB, Tables> as Name extends `$${string}` ? never : Name]: RepositoryOf<
    DB,
    Tables,
    Name
  > &
    CachedReads<DB, Cache, Name> &
    WritesByName<DB, Tables, Cache>[Name]
}

/**
 * Access to repositories whose names are no property of `repos`.
 *
 * @example
 * ```ts
 * const countries = (repos: TableAccess<DB, typeof tables, {}>) => repos.$table('country')
 * ```
 */
export interface TableAccess<DB, Tables extends TablesMetadata, Cache> {
  /**
   * Returns the repository of any table, even one called `then`, or one whose name starts with `$`.
   *
   * @example
   * ```ts
   * const country = await repos.$table('country').findByKey('FR')
   * ```
   * @throws ConfigurationError if the generated metadata has no such table.
   */
  $table<Name extends TableName<DB, Tables>>(
    name: Name,
  ): RepositoryOf<DB, Tables, Name> & CachedReads<DB, Cache, Name> & WritesByName<DB, Tables, Cache>[Name]
}
