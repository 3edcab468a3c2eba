import type { Selectable } from 'kysely'
import type { TableMetadata } from '../metadata.ts'

/**
 * A row of table `Name` as repositories return it: deeply read-only.
 *
 * @example
 * ```ts
 * type Country = RowOf<DB, 'country'>
 *
 * const label = ({ name, capital }: Country) => (capital ? `${name} (${capital})` : name)
 * ```
 */
export type RowOf<DB, Name extends keyof DB> = {
  readonly [Column in keyof Selectable<DB[Name]>]: FrozenValue<Selectable<DB[Name]>[Column]>
}

/**
 * A value in a row: JSON is frozen with its row. A `Date` or `Buffer` is the reader's own copy, which you may change.
 *
 * @example
 * ```ts
 * type Tags = FrozenValue<{ tags: string[] }> // { readonly tags: readonly string[] }
 * ```
 */
export type FrozenValue<Value> = Value extends
  | string
  | number
  | bigint
  | boolean
  | symbol
  | null
  | undefined
  | Date
  | Uint8Array
  ? Value
  : Value extends readonly (infer Member)[]
    ? // A mapped type keeps tuples tuples, but would expand the arrays of a recursive type without end.
      number extends Value['length']
      ? readonly FrozenValue<Member>[]
      : { readonly [Part in keyof Value]: FrozenValue<Value[Part]> }
    : Value extends object
      ? { readonly [Part in keyof Value]: FrozenValue<Value[Part]> }
      : Value

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

/**
 * What `findByKey` takes: the value of a one-column primary key, or an object with exactly the columns of a unique key.
 *
 * @example
 * ```ts
 * type CountryKey = KeyOf<RowOf<DB, 'country'>, typeof tables.country> // string | { code: string } | { alpha3: string } | …
 * ```
 */
export type KeyOf<Row, Table extends TableMetadata> =
  | ScalarKey<Row, Table['primaryKey']>
  | KeyObjects<Row, UniqueColumns<Table>, UniqueColumns<Table>[number]>

/**
 * What `findAllBy` takes: an object with exactly the leading columns of an index.
 *
 * @example
 * ```ts
 * type CityPrefix = PrefixOf<RowOf<DB, 'city'>, typeof tables.city> // { country_code: string } | …
 * ```
 */
export type PrefixOf<Row, Table extends TableMetadata> = KeyObjects<
  Row,
  LeadingParts<IndexColumns<Table>>,
  IndexColumns<Table>[number]
>
