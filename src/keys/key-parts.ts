import type { TableMetadata } from '../metadata.ts'

/**
 * What you may pass as a key for a column with values of type `Value`: wider than what a row holds, where that is exact.
 *
 * @example
 * ```ts
 * type Id = KeyValue<number> // number | bigint
 * type Day = KeyValue<Date> // Date | string
 * ```
 */
export type KeyValue<Value> = Value extends number | bigint
  ? number | bigint
  : Value extends Date
    ? Date | string
    : Value extends Uint8Array
      ? Uint8Array
      : Value

/**
 * A key that may be missing, as a whole or in part: no row has it.
 *
 * @example
 * ```ts
 * type Code = NullableKey<string> // string | null | undefined
 * type Price = NullableKey<{ plan: number }> // { plan: number | null | undefined } | null | undefined
 * ```
 */
export type NullableKey<Key> =
  | (unknown extends Key
      ? Key
      : Key extends string | number | bigint | boolean | Date | Uint8Array
        ? Key
        : {
            readonly [Part in keyof Key]: undefined extends Key[Part]
              ? Key[Part]
              : Key[Part] | null | undefined
          })
  | null
  | undefined

/**
 * The columns of each unique key of a table, as tuples. The primary key is one of them.
 *
 * @example
 * ```ts
 * type Keys = UniqueColumns<typeof tables.country> // ['code'] | ['alpha3'] | …
 * ```
 */
export type UniqueColumns<Table extends TableMetadata> =
  | Table['primaryKey']
  | Table['uniqueKeys'][number]['columns']

/**
 * The columns of each index of a table, unique or not, as tuples.
 *
 * @example
 * ```ts
 * type Indexes = IndexColumns<typeof tables.city> // ['id'] | ['country_code', 'population'] | …
 * ```
 */
export type IndexColumns<Table extends TableMetadata> =
  | UniqueColumns<Table>
  | Table['indexes'][number]['columns']

/**
 * Every leading part of an index, longest first.
 *
 * @example
 * ```ts
 * type Parts = LeadingParts<['country_code', 'population']> // ['country_code', 'population'] | ['country_code']
 * ```
 */
export type LeadingParts<Columns> = Columns extends readonly [...infer Rest extends readonly string[], string]
  ? Columns | LeadingParts<Rest>
  : never

/**
 * An object with exactly the columns `Wanted`. Other key columns are excluded: an object with two keys is neither.
 *
 * @example
 * ```ts
 * type ByCode = KeyObject<RowOf<DB, 'country'>, 'code', 'code' | 'alpha3'> // { code: string; alpha3?: never }
 * ```
 */
export type KeyObject<Row, Wanted extends PropertyKey, Other extends PropertyKey> = {
  readonly [Column in Wanted]: Column extends keyof Row ? KeyValue<NonNullable<Row[Column]>> : never
} & { readonly [Column in Exclude<Other, Wanted>]?: never }

/**
 * A {@link KeyObject} for each tuple of columns.
 *
 * @example
 * ```ts
 * type Keys = KeyObjects<RowOf<DB, 'country'>, ['code'] | ['alpha3'], 'code' | 'alpha3'>
 * ```
 */
export type KeyObjects<Row, Columns, All extends PropertyKey> = Columns extends readonly (infer Column extends
  string)[]
  ? KeyObject<Row, Column, All>
  : never

/**
 * The value of a one-column key by itself; `never` for a key of several columns.
 *
 * @example
 * ```ts
 * type Code = ScalarKey<RowOf<DB, 'country'>, ['code']> // string
 * ```
 */
export type ScalarKey<Row, Columns> = Columns extends readonly [infer Column extends keyof Row]
  ? KeyValue<NonNullable<Row[Column]>>
  : never
