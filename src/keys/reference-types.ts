import type { TablesMetadata } from '../metadata.ts'
import type { RowOf } from './key-types.ts'

/**
 * What `findReferenced` calls the foreign keys of table `Name`: the column of a one-column key, or the constraint's name.
 * Keys that refer to a table outside `Tables` are left out.
 *
 * @example
 * ```ts
 * type Reference = ReferenceName<typeof tables, 'city'> // 'country_code'
 * ```
 */
export type ReferenceName<Tables extends TablesMetadata, Name extends keyof Tables> = Tables[Name] extends {
  readonly foreignKeys: infer Keys
}
  ? {
      readonly [Reference in keyof Keys & string]: Keys[Reference] extends {
        readonly targetTable: keyof Tables
      }
        ? Reference
        : never
    }[keyof Keys & string]
  : never

/**
 * The metadata of one foreign key of a table.
 *
 * @example
 * ```ts
 * type Key = ForeignKeyOf<typeof tables.city, 'country_code'> // { columns: ['country_code']; targetTable: 'country'; … }
 * ```
 */
export type ForeignKeyOf<Table, Reference extends PropertyKey> = Table extends {
  readonly foreignKeys: { readonly [Name in Reference]: infer Key }
}
  ? Key
  : never

/**
 * What `findReferenced` needs of a row: the columns of the foreign key `Key`.
 *
 * @example
 * ```ts
 * type City = ReferringRow<RowOf<DB, 'city'>, { columns: ['country_code'] }> // { country_code: string | null }
 * ```
 */
export type ReferringRow<Row, Key> = Key extends { readonly columns: readonly (infer Column)[] }
  ? { readonly [Name in Column & keyof Row]: Row[Name] | null }
  : never

/**
 * The row that the foreign key `Key` refers to.
 *
 * @example
 * ```ts
 * type Country = ReferencedRow<DB, { targetTable: 'country' }> // RowOf<DB, 'country'>
 * ```
 */
export type ReferencedRow<DB, Key> = Key extends { readonly targetTable: infer Target extends keyof DB }
  ? RowOf<DB, Target>
  : never
