import type { AbsenceOf, CheckedColumns, CheckedKey } from '../keys/constant-types.ts'
import type { NullableKey } from '../keys/key-parts.ts'
import type { KeyOf, PrefixOf } from '../keys/key-types.ts'
import type { TableMetadata } from '../metadata.ts'
import type { Preload, WholeTable } from './cached-reads.ts'
import type { Repository } from './repository.ts'

/**
 * The repository of a table that was generated with constants. Looking up a constant always finds a row, and a literal that
 * is not a constant does not compile. Any other value may have a row or not.
 *
 * @example
 * ```ts
 * // kysely-lookup generate --constants country:code
 * type Countries = ConstantRepository<RowOf<DB, 'country'>, typeof tables.country>
 * ```
 */
export type ConstantRepository<Row, Table extends TableMetadata> = Omit<
  Repository<Row, KeyOf<Row, Table>, PrefixOf<Row, Table>>,
  keyof (ConstantReads<Row, Table> & Preload & WholeTable<Row>)
> &
  ConstantReads<Row, Table>

/**
 * The reads of a {@link ConstantRepository} whose types depend on the key.
 *
 * @example
 * ```ts
 * const france = (countries: ConstantReads<RowOf<DB, 'country'>, typeof tables.country>) => countries.findByKey('FR')
 * ```
 */
export interface ConstantReads<Row, Table extends TableMetadata> {
  /**
   * Finds the row with this key. Resolves to `undefined` only if the key is not one of the constants.
   *
   * @example
   * ```ts
   * const france = await repos.country.findByKey('FR')
   * ```
   * @throws InvalidKeyError if the key is not of the column's type, and what `Repository.findByKey` throws.
   */
  findByKey<const Given extends NullableKey<KeyOf<Row, Table>>>(
    key: CheckedKey<Given, Table> | (Given & CheckedColumns<Given, Table>),
  ): Promise<Row | AbsenceOf<Given, Table>>
  /**
   * Finds the row with this key.
   *
   * @example
   * ```ts
   * const france = await repos.country.findByKeyOrThrow('FR')
   * ```
   * @throws RowNotFoundError if no row has the key, and what `Repository.findByKey` throws.
   */
  findByKeyOrThrow<const Given extends NullableKey<KeyOf<Row, Table>>>(
    key: CheckedKey<Given, Table> | (Given & CheckedColumns<Given, Table>),
  ): Promise<Row>
  /**
   * Finds a row for each key, in the order of the keys.
   *
   * @example
   * ```ts
   * const [france, germany] = await repos.country.findByKeys(['FR', 'DE'])
   * ```
   * @throws InvalidKeyError if a key is not of the column's type, and what `Repository.findByKey` throws.
   */
  findByKeys<const Given extends NullableKey<KeyOf<Row, Table>>>(
    keys: readonly (CheckedKey<Given, Table> | (Given & CheckedColumns<Given, Table>))[],
  ): Promise<(Row | AbsenceOf<Given, Table>)[]>
  /**
   * Returns the row if the process-wide cache holds it. Never throws.
   *
   * @example
   * ```ts
   * const name = repos.country.peek('FR')?.name ?? 'FR'
   * ```
   */
  peek<const Given extends NullableKey<KeyOf<Row, Table>>>(
    key: CheckedKey<Given, Table> | (Given & CheckedColumns<Given, Table>),
  ): Row | undefined
}
