/**
 * The database that something was read from, as far as it is known.
 *
 * @example
 * ```ts
 * const show = ({ system, name, address, port }: DatabaseIdentity) => `${system} ${name} at ${address}:${port}`
 * ```
 */
export interface DatabaseIdentity {
  /** Known once the server has answered the first statement. */
  readonly system?: 'mysql' | 'mariadb'
  /** The connection's database. Known once the server has answered the first statement. */
  readonly name?: string
  /** Host or socket, for a database from `createDatabase`. */
  readonly address?: string
  /** Port, for a database from `createDatabase`. */
  readonly port?: number
}

/**
 * What a message about a read says about it.
 *
 * @example
 * ```ts
 * const show = ({ table, columns }: ReadSubject) => `${table} by ${columns.join(', ')}`
 * ```
 */
export interface ReadSubject {
  /** The table's name in the database. */
  readonly table: string
  /** Rows by unique key (`row`), lists of rows by the leading columns of an index, or the whole table (`all`, `preload`). */
  readonly kind: 'row' | 'list' | 'table'
  /** The index that serves the read; none for a whole table. */
  readonly index?: string
  /** The columns of the key, in the order of the index. */
  readonly columns: readonly string[]
  /** Whether it is read in a transaction, on its connection. */
  readonly inTransaction: boolean
  /** The database that it is read from. */
  readonly database: DatabaseIdentity
}
