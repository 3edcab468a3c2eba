import { inCurrentDatabase } from '../database/current-database.ts'
import {
  ER_COLUMNACCESS_DENIED_ERROR,
  ER_TABLEACCESS_DENIED_ERROR,
  errorNumber,
} from '../database/server-errors.ts'
import { type Statement, statement } from '../database/statement.ts'
import { ConfigurationError } from '../errors.ts'

/** The table that holds the versions of the tables that migrations track or freeze. */
export const VERSION_TABLE = 'lookup_version'

/** How the text of a poll begins, and of no other statement. */
export const VERSIONS = 'select v.table_name, v.version'

/**
 * The error for a user who may not read the version table; undefined where that is not the matter. Servers answer the
 * same where there is no such table, to users whose rights do not reach beyond a few tables.
 */
export function deniedVersions(cause: unknown): ConfigurationError | undefined {
  const number = errorNumber(cause)
  if (number !== ER_TABLEACCESS_DENIED_ERROR && number !== ER_COLUMNACCESS_DENIED_ERROR) return undefined
  return new ConfigurationError({
    kind: 'rights',
    problem: `The database user may not read ${VERSION_TABLE}, so that changes of cached tables would go unnoticed`,
    fix: `Call createVersionTable(db) of kysely-lookup/migration in a migration, if that has not been done, and grant SELECT on ${VERSION_TABLE} to the user.`,
    cause,
  })
}

// Names of tables are compared as bytes: two of them may differ in case alone.
const CREATED = `(
  select cast(t.create_time as char) from information_schema.tables t
  where ${inCurrentDatabase('t.table_schema')} and cast(t.table_name as binary) = cast(v.table_name as binary)
)`

/** The poll, for so many tables: their names, versions, and when they were made. */
export function versionsStatement(tables: number): Statement {
  const list = new Array<string>(tables).fill('?').join(', ')
  return statement(`${VERSIONS}, ${CREATED} from (
    select table_name, cast(sum(version) as unsigned) version from ${VERSION_TABLE}
    where table_name in (${list}) group by table_name
  ) v`)
}
