import {
  ER_COLUMNACCESS_DENIED_ERROR,
  ER_TABLEACCESS_DENIED_ERROR,
  errorNumber,
} from '../database/server-errors.ts'
import { ConfigurationError } from '../errors.ts'

/** The table that holds the versions of the tables that migrations track or freeze. */
export const VERSION_TABLE = 'lookup_version'

/**
 * While LOCK TABLES holds a tracked table, MySQL lets nobody read the version table. What reads versions fails after a second then,
 * with ER_LOCK_WAIT_TIMEOUT. MariaDB, where reads do not wait, takes this for a comment.
 */
export const IMPATIENT = '/*+ SET_VAR(lock_wait_timeout = 1) */'

/** How many rows a table may have in it: writers move that of their connection, so that they seldom wait for each other. */
export const SLOT_COUNTS = [1, 2, 4, 8, 16] as const

export type SlotCount = (typeof SLOT_COUNTS)[number]

/** How many it has by default. */
export const SLOTS = 16

/**
 * The version of a row is at least this where it is the only one that triggers write, so that nobody has to look for others. No other
 * first row of a table has such a version.
 */
export const SOLE = 2 ** 52

/** What is above, in a version row, is not of the clock: a row takes it over from rows that it replaces. */
export const CLOCK_LIMIT = 2 ** 42

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
