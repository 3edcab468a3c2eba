import type { KeyOf, PrefixOf, RowOf } from '../keys/key-types.ts'
import type { TablesMetadata } from '../metadata.ts'
import type { Preload, WholeTable } from './cached-reads.ts'
import type { ConstantRepository } from './constant-repository.ts'
import type { ReferenceReads } from './references.ts'
import type { Repository } from './repository.ts'
import type { Inserts, Writes } from './writes.ts'

/**
 * A table that has a repository: its name in Kysely queries.
 *
 * @example
 * ```ts
 * const name: TableName<DB, typeof tables> = 'country'
 * ```
 */
export type TableName<DB, Tables> = keyof DB & keyof Tables & string

/**
 * The reading part of the repository of table `Name`. Use it for functions that take a repository.
 *
 * @example
 * ```ts
 * const nameOf = async (countries: RepositoryOf<DB, typeof tables, 'country'>, code: string) =>
 *   (await countries.findByKeyOrThrow(code)).name
 * ```
 */
export type RepositoryOf<
  DB,
  Tables extends TablesMetadata,
  Name extends TableName<DB, Tables>,
> = (Tables[Name] extends { readonly constants: object }
  ? ConstantRepository<RowOf<DB, Name>, Tables[Name]>
  : Omit<
      Repository<
        RowOf<DB, Name>,
        KeyOf<RowOf<DB, Name>, Tables[Name]>,
        PrefixOf<RowOf<DB, Name>, Tables[Name]>
      >,
      keyof (Preload & WholeTable<unknown>)
    >) &
  (Tables[Name] extends { readonly foreignKeys: object } ? ReferenceReads<DB, Tables, Name> : unknown)

/**
 * The writing part of each repository: an `immutable` table has `insert` only.
 *
 * @example
 * ```ts
 * type CountryWrites = WritesByName<DB, typeof tables, { city: 'immutable' }>['country']
 * ```
 */
export type WritesByName<DB, Tables extends TablesMetadata, Cache> = {
  readonly [Name in TableName<DB, Tables>]: Name extends keyof Cache
    ? Cache[Name] extends 'immutable' | { readonly mode: 'immutable' }
      ? Inserts<DB[Name]>
      : TableWrites<DB, Tables, Name>
    : TableWrites<DB, Tables, Name>
}

/**
 * The writes of a table that is not `immutable`.
 *
 * @example
 * ```ts
 * const rename = (countries: TableWrites<DB, typeof tables, 'country'>, code: string, name: string) =>
 *   countries.update(code, { name })
 * ```
 */
export type TableWrites<DB, Tables extends TablesMetadata, Name extends TableName<DB, Tables>> = Writes<
  DB[Name],
  KeyOf<RowOf<DB, Name>, Tables[Name]>
>
