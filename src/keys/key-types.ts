import type { Selectable } from 'kysely'
import type { TableMetadata } from '../metadata.ts'
import type { IndexColumns, KeyObjects, LeadingParts, ScalarKey, UniqueColumns } from './key-parts.ts'

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
  // An invisible column is there, which `selectAll()` leaves undefined.
  readonly [Column in keyof Selectable<DB[Name]>]: FrozenValue<
    Exclude<Selectable<DB[Name]>[Column], undefined>
  >
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
