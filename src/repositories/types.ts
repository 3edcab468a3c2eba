import type { Kysely, Transaction } from 'kysely'
import type { StatementForm } from '../database/server-features.ts'
import type { TableStats } from '../diagnostics/stats.ts'
import type { CheckedColumns, CheckedKey, Doubt, KeyOf, PrefixOf, RowOf } from '../keys/key-types.ts'
import type { TableMetadata, TablesMetadata } from '../metadata.ts'
import type { VersionOptions } from '../versions/version-watch.ts'
import type { Repository } from './repository.ts'
import type { TransactionOptions } from './transaction.ts'
import type { Inserts, Writes } from './writes.ts'

/**
 * How a table's rows are kept for the life of the process: `immutable` rows never change (new ones may be added);
 * `versioned` rows, absences and lists are kept until the table's version moves. At most `maxRows` rows (default
 * 200,000), as many absences, and as many rows in lists are kept of a table.
 */
export type CacheMode =
  | 'immutable'
  | 'versioned'
  | { readonly mode: 'immutable' | 'versioned'; readonly maxRows?: number }

export type CacheModes<Tables> = { readonly [Name in keyof Tables]?: CacheMode }

export interface RepositoriesOptions<
  DB,
  Tables extends TablesMetadata,
  Cache extends CacheModes<Tables> = CacheModes<Tables>,
> {
  /** From `createDatabase`, or any Kysely on mysql2 whose driver reads values as the generated types say. */
  readonly db: Kysely<DB>
  /** The metadata that `kysely-lookup generate` wrote. */
  readonly tables: Tables
  /** The tables that are kept process-wide. Any other table is remembered per request only. */
  readonly cache?: Cache & { readonly [Unknown in Exclude<keyof Cache, keyof Tables>]: never }
  /**
   * Class names of Kysely plugins that may be passed by. Lookups do not go through plugins, so that any but
   * CamelCasePlugin is refused unless it is named here: a tenant's condition, for one, would be missing.
   */
  readonly allowPlugins?: readonly string[]
  /** How the versions of `versioned` tables are followed. */
  readonly versions?: VersionOptions
  /** How long (ms) a read may take, the wait for a connection included (default 10,000). Then it rejects, and its connection is destroyed. */
  readonly timeout?: number
  /** Keys in one statement, at most (default 5,000). */
  readonly maxBatchSize?: number
  /** Keys of one table and key that may wait for the server at a time, at most (default 1,000,000). More are rejected at once. */
  readonly maxWaitingKeys?: number
  /**
   * How keys are sent. By default as one JSON parameter where the server has JSON_TABLE (MySQL 8.0, MariaDB 10.6), else
   * as `union all` of selects, in statements of up to 128 keys.
   */
  readonly statementForm?: StatementForm
}

type TableName<DB, Tables> = keyof DB & keyof Tables & string

/** The repository of table `Name`. */
export type RepositoryOf<
  DB,
  Tables extends TablesMetadata,
  Name extends TableName<DB, Tables>,
> = Tables[Name] extends { readonly constants: object }
  ? ConstantRepository<RowOf<DB, Name>, Tables[Name]>
  : PlainRepository<RowOf<DB, Name>, Tables[Name]>

type PlainRepository<Row, Table extends TableMetadata> = Repository<
  Row,
  KeyOf<Row, Table>,
  PrefixOf<Row, Table>
>

/**
 * The repository of a table that was generated with constants: a key that is one of them is taken to be there, and a
 * literal that is none of them does not compile. Any other value may have a row or not.
 */
export type ConstantRepository<Row, Table extends TableMetadata> = Omit<
  PlainRepository<Row, Table>,
  keyof ConstantReads<Row, Table>
> &
  ConstantReads<Row, Table>

interface ConstantReads<Row, Table extends TableMetadata> {
  /** The row with this key; `undefined` is only possible where the key is not one of the constants. */
  findByKey<const Given extends KeyOf<Row, Table>>(
    key: CheckedKey<Given, Table> | (Given & CheckedColumns<Given, Table>),
  ): Promise<Row | Doubt<Given, Table>>
  /** @see Repository.findByKeyOrThrow */
  findByKeyOrThrow<const Given extends KeyOf<Row, Table>>(
    key: CheckedKey<Given, Table> | (Given & CheckedColumns<Given, Table>),
  ): Promise<Row>
  /** @see Repository.findByKeys */
  findByKeys<const Given extends KeyOf<Row, Table>>(
    keys: readonly (CheckedKey<Given, Table> | (Given & CheckedColumns<Given, Table>))[],
  ): Promise<(Row | Doubt<Given, Table>)[]>
  /** @see Repository.peek */
  peek<const Given extends KeyOf<Row, Table>>(
    key: CheckedKey<Given, Table> | (Given & CheckedColumns<Given, Table>),
  ): Row | undefined
}

/** What may be written: an `immutable` table only takes new rows. */
type WritesTo<DB, Tables extends TablesMetadata, Mode> = {
  readonly [Name in TableName<DB, Tables>]: Name extends keyof Mode
    ? Mode[Name] extends 'immutable' | { readonly mode: 'immutable' }
      ? Inserts<DB[Name]>
      : AllWrites<DB, Tables, Name>
    : AllWrites<DB, Tables, Name>
}

type AllWrites<DB, Tables extends TablesMetadata, Name extends TableName<DB, Tables>> = Writes<
  DB[Name],
  KeyOf<RowOf<DB, Name>, Tables[Name]>
>

type ByName<DB, Tables extends TablesMetadata, Cache> = {
  readonly [Name in TableName<DB, Tables> as Name extends `$${string}` ? never : Name]: RepositoryOf<
    DB,
    Tables,
    Name
  > &
    WritesTo<DB, Tables, Cache>[Name]
}

interface AnyTable<DB, Tables extends TablesMetadata, Cache> {
  /** The repository of any table, whatever its name. */
  $table<Name extends TableName<DB, Tables>>(
    name: Name,
  ): RepositoryOf<DB, Tables, Name> & WritesTo<DB, Tables, Cache>[Name]
}

/** A repository per table, by name. A table whose name begins with `$` is reached through `$table`. */
export type Repositories<DB, Tables extends TablesMetadata, Cache = Record<never, never>> = ByName<
  DB,
  Tables,
  Cache
> &
  AnyTable<DB, Tables, Cache> &
  RepositoriesMembers<DB, Tables, Cache>

/** Repositories bound to a transaction. */
export type TransactionRepositories<DB, Tables extends TablesMetadata, Cache = Record<never, never>> = ByName<
  DB,
  Tables,
  Cache
> &
  AnyTable<DB, Tables, Cache> & {
    /** The Kysely transaction that they read and write in. */
    readonly $db: Transaction<DB>
  }

export interface RepositoriesMembers<DB, Tables extends TablesMetadata, Cache = Record<never, never>> {
  /**
   * Verifies now what is otherwise verified once before the first read.
   * @throws ConfigurationError that holds the mend.
   */
  $ready(): Promise<void>
  /** Runs `fn` in a fresh request scope, shared by every read in it and in what it starts, until it settles. */
  $request<Result>(fn: () => Result): Result
  /** The same repositories bound to a fresh request scope, to pass around explicitly. */
  $forRequest(): Repositories<DB, Tables, Cache>
  /**
   * The same repositories bound to a transaction: they read what it sees, on its connection, remember it for
   * themselves, and neither ask nor fill the process-wide cache.
   */
  $withTransaction(transaction: Transaction<DB>): TransactionRepositories<DB, Tables, Cache>
  /**
   * Runs `fn` in a transaction of its own, with repositories that read and write in it. Once it has committed, this
   * process reads what was written, everywhere. A failure of `fn` rolls back and is passed on.
   */
  $transaction<Result>(
    fn: (transaction: TransactionRepositories<DB, Tables, Cache>) => Promise<Result>,
    options?: TransactionOptions,
  ): Promise<Result>
  /** Counters by table, since the repositories were made. */
  $stats(): Readonly<Record<TableName<DB, Tables>, TableStats>>
  /** Stops what runs in the background. The database is closed by whoever made it. */
  $close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}
