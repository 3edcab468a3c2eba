/** The table that holds the versions of the tables that migrations track or freeze. */
export const VERSION_TABLE = 'lookup_version'

/** How the text of a poll begins, and of no other statement. */
export const VERSIONS = 'select v.table_name, v.version'
