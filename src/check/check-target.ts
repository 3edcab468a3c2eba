import type { Kysely } from 'kysely'
import type { CacheModeName } from '../cache/process-cache.ts'
import type { StatementForm } from '../database/server-features.ts'
import type { TableMetadata } from '../metadata.ts'

/** How repositories cache a table. */
export interface CachedTable {
  readonly mode: CacheModeName
  /** The maximum number of rows in the cache. */
  readonly maxRows: number
}

/** A service and its database. */
export interface CheckTarget {
  /** A connection with the rights of migrations: it sees triggers, foreign keys and other users. */
  readonly owner: Kysely<unknown>
  /** A connection with the service's user, pool and settings; the same as `owner` if these are not known. */
  readonly service: Kysely<unknown>
  /** Whether `service` is the service's own database object, so that its settings matter. */
  readonly serviceKnown: boolean
  readonly tables: readonly TableMetadata[]
  /** By name in the database. */
  readonly cached: ReadonlyMap<string, CachedTable>
  /** The form that the service has chosen, if any. */
  readonly statementForm?: StatementForm | undefined
  /** The number of connections of all processes of the service together, if given. */
  readonly connections?: number | undefined
}
