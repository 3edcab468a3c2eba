/**
 * Metadata of one column, as `kysely-lookup generate` reads it from `information_schema`.
 * Optional members are absent, never `undefined`, so that generated files are stable.
 */
export interface ColumnMetadata {
  /** The name in rows and keys. */
  readonly name: string
  /** The database's name of the column, where `name` is another (`generate --camel-case`). */
  readonly columnName?: string
  /** The server's base type: `int`, `varchar`, `datetime`, … MariaDB's JSON (a checked longtext) is `json`. */
  readonly type: string
  readonly unsigned?: true
  /** Characters for text, bytes for binary, bits for BIT. */
  readonly length?: number
  /** Total digits of a DECIMAL; fractional digits of TIME, DATETIME and TIMESTAMP (0 to 6). */
  readonly precision?: number
  /** Digits after the decimal point of a DECIMAL. */
  readonly scale?: number
  readonly charset?: string
  readonly collation?: string
  /** Members of an ENUM or SET, in order. */
  readonly values?: readonly string[]
  readonly nullable?: true
  /** The server fills the column on insert when it is left out. */
  readonly hasDefault?: true
  /** A generated column: it can be read but not written. */
  readonly generated?: true
  /** What values of a BIGINT or TINYINT(1) are read as, where that is not `number`. */
  readonly as?: 'bigint' | 'string' | 'boolean'
  /** A DATETIME or TIMESTAMP whose zero dates are read as null; elsewhere they are errors. */
  readonly zeroDates?: 'null'
}

/** One index: its name and its columns in index order. */
export interface IndexMetadata {
  readonly name: string
  readonly columns: readonly string[]
}

/** What repositories need to know of one table. */
export interface TableMetadata {
  /** The database's name of the table. */
  readonly name: string
  readonly columns: readonly ColumnMetadata[]
  /** Keys and indexes hold the columns' names in rows. */
  readonly primaryKey: readonly string[]
  /** Unique indexes other than the primary key, by name. */
  readonly uniqueKeys: readonly IndexMetadata[]
  /** Non-unique indexes, by name. */
  readonly indexes: readonly IndexMetadata[]
  /** By column, the keys that were there when the file was generated (`generate --constants`). Only types use them. */
  readonly constants?: Readonly<Record<string, Readonly<Record<string, ConstantKey>>>>
}

/** A key that a type can name. */
export type ConstantKey = string | number | bigint

/** Every table of the generated file that repositories can be made for, by its name in Kysely queries. */
export type TablesMetadata = Readonly<Record<string, TableMetadata>>
