/**
 * The metadata of one column, as `kysely-lookup generate` reads it from `information_schema`. Optional members are absent,
 * never `undefined`, so that generated files are stable.
 *
 * @example
 * ```ts
 * const code: ColumnMetadata = { name: 'code', type: 'char', length: 2, charset: 'ascii', collation: 'ascii_general_ci' }
 * ```
 */
export interface ColumnMetadata {
  /** The name in rows and keys. */
  readonly name: string
  /** The name in the database, if it differs from `name` (`generate --camel-case`). */
  readonly columnName?: string
  /** The server's base type: `int`, `varchar`, `datetime`, … MariaDB's JSON (a checked longtext) is `json`. */
  readonly type: string
  /** An integer or decimal without negative values. */
  readonly unsigned?: true
  /** Characters for text, bytes for binary, bits for BIT. */
  readonly length?: number
  /** The total digits of a DECIMAL, or the fractional digits of a TIME, DATETIME or TIMESTAMP (0 to 6). */
  readonly precision?: number
  /** The digits of a DECIMAL after the decimal point. */
  readonly scale?: number
  /** The character set of a text column. */
  readonly charset?: string
  /** The collation of a text column. */
  readonly collation?: string
  /** The members of an ENUM or SET, in order. */
  readonly values?: readonly string[]
  /** The column can hold NULL. */
  readonly nullable?: true
  /** The server fills in the column if an INSERT leaves it out. */
  readonly hasDefault?: true
  /** A generated column, which can be read but not written. */
  readonly generated?: true
  /** `select *` leaves it out; queries have to name it. */
  readonly invisible?: true
  /** The type that a BIGINT or TINYINT(1) is read as, if it is not `number`. */
  readonly as?: 'bigint' | 'string' | 'boolean'
  /** Zero dates of this DATETIME or TIMESTAMP are read as null; otherwise they are errors. */
  readonly zeroDates?: 'null'
}

/**
 * The metadata of one index.
 *
 * @example
 * ```ts
 * const index: IndexMetadata = { name: 'city_country', columns: ['country_code', 'population'] }
 * ```
 */
export interface IndexMetadata {
  /** The name in the database. */
  readonly name: string
  /** The columns' names in rows, in the order of the index. */
  readonly columns: readonly string[]
}

/**
 * The metadata of one foreign key that `findReferenced` follows.
 *
 * @example
 * ```ts
 * const key: ForeignKeyMetadata = { columns: ['country_code'], targetTable: 'country', targetColumns: ['code'] }
 * ```
 */
export interface ForeignKeyMetadata {
  /** The columns' names in rows, in the order of the key. */
  readonly columns: readonly string[]
  /** The table that it refers to, by its name in Kysely queries. */
  readonly targetTable: string
  /** The columns that it refers to, which are a unique key there: their names in rows, in the order of `columns`. */
  readonly targetColumns: readonly string[]
}

/**
 * The metadata of one table.
 *
 * @example
 * ```ts
 * const { primaryKey }: TableMetadata = tables.country
 * ```
 */
export interface TableMetadata {
  /** The name in the database. */
  readonly name: string
  /** All columns, in the order of the table. */
  readonly columns: readonly ColumnMetadata[]
  /** The columns' names in rows, in the order of the key. */
  readonly primaryKey: readonly string[]
  /** Unique indexes other than the primary key, sorted by name. */
  readonly uniqueKeys: readonly IndexMetadata[]
  /** Non-unique indexes, sorted by name. */
  readonly indexes: readonly IndexMetadata[]
  /** Foreign keys, by what `findReferenced` calls them: the column, or the constraint's name. Absent if there are none. */
  readonly foreignKeys?: Readonly<Record<string, ForeignKeyMetadata>>
  /** For each column, the keys that existed when the file was generated (`generate --constants`). Only types use them. */
  readonly constants?: Readonly<Record<string, Readonly<Record<string, ConstantKey>>>>
}

/**
 * A key that a type can name.
 *
 * @example
 * ```ts
 * const key: ConstantKey = 'FR'
 * ```
 */
export type ConstantKey = string | number | bigint

/**
 * The generated `tables`: every table that has a repository, by its name in Kysely queries.
 *
 * @example
 * ```ts
 * const names = (tables: TablesMetadata) => Object.keys(tables)
 * ```
 */
export type TablesMetadata = Readonly<Record<string, TableMetadata>>
