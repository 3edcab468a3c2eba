/**
 * Metadata of one column, as `kysely-lookup generate` reads it from `information_schema`.
 * Optional members are absent, never `undefined`, so that generated files are stable.
 */
export interface ColumnMetadata {
  readonly name: string
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
}

/** One index: its name and its columns in index order. */
export interface IndexMetadata {
  readonly name: string
  readonly columns: readonly string[]
}

/** What repositories need to know of one table. */
export interface TableMetadata {
  readonly name: string
  readonly columns: readonly ColumnMetadata[]
  readonly primaryKey: readonly string[]
  /** Unique indexes other than the primary key, by name. */
  readonly uniqueKeys: readonly IndexMetadata[]
  /** Non-unique indexes, by name. */
  readonly indexes: readonly IndexMetadata[]
}

/** Every table of the generated file that repositories can be made for, by table name. */
export type TablesMetadata = Readonly<Record<string, TableMetadata>>
