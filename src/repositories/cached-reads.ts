import type { RowOf } from '../keys/key-types.ts'

/**
 * What only the repository of a cached table has.
 *
 * @example
 * ```ts
 * const warm = (caches: readonly Preload[]) => Promise.all(caches.map((one) => one.preload()))
 * ```
 */
export interface Preload {
  /**
   * Reads the whole table into the process-wide cache, with one statement, and resolves to the number of rows.
   *
   * @example
   * ```ts
   * await repos.country.preload()
   * ```
   * @throws ConfigurationError if the table is not cached, or has more rows than `maxRows`.
   */
  preload(): Promise<number>
}

/**
 * What only the repository of a `versioned` or `expiring` table has.
 *
 * @example
 * ```ts
 * const first = async <Row>(table: WholeTable<Row>) => (await table.all())[0]
 * ```
 */
export interface WholeTable<Row> {
  /**
   * Resolves to every row of a `versioned` or `expiring` table, in primary-key order, as one statement read them. Cached after the
   * first call.
   *
   * @example
   * ```ts
   * const options = (await repos.country.all()).map(({ code, name }) => ({ value: code, label: name }))
   * ```
   * @throws ConfigurationError if the table is neither, or has more rows than `maxRows`.
   */
  all(): Promise<readonly Row[]>
}

/**
 * What a repository has only if the process caches its table: `preload`, and `all` if it is `versioned` or `expiring`.
 *
 * @example
 * ```ts
 * type Countries = CachedReads<DB, { country: 'versioned' }, 'country'>
 * ```
 */
export type CachedReads<DB, Cache, Name extends keyof DB> = Name extends keyof Cache
  ? [Exclude<Cache[Name], undefined>] extends [never]
    ? unknown
    : [Exclude<Cache[Name], undefined>] extends ['immutable' | { readonly mode: 'immutable' }]
      ? Preload
      : Preload & WholeTable<RowOf<DB, Name>>
  : unknown
