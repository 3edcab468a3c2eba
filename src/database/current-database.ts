/**
 * The condition, on a column of `information_schema`, for the current database and no other. MariaDB compares names there
 * without case and accents, so two databases could be taken for one. The first half lets servers read one database only.
 */
export function inCurrentDatabase(column: string): string {
  return `${column} = database() and cast(${column} as binary) = cast(database() as binary)`
}

/** The same for a table of the current database, by the columns of `information_schema` that name both. */
export function isCurrentTable(options: { readonly name: string; readonly alias?: string }): string {
  const { name, alias } = options
  const prefix = alias === undefined ? '' : `${alias}.`
  const column = `${prefix}table_name`
  return `${inCurrentDatabase(`${prefix}table_schema`)} and ${column} = '${name}' and cast(${column} as binary) = '${name}'`
}
