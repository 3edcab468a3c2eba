import type { Kysely } from 'kysely'
import type { StatementForm } from '../database/server-features.ts'
import type { TableMetadata } from '../metadata.ts'

/** A table as repositories cache it. */
export interface CachedTable {
  readonly mode: 'immutable' | 'versioned'
  /** How many rows the cache holds at most. */
  readonly maxRows: number
}

/** A service, and the database that it reads. */
export interface Subject {
  /** With the rights of migrations: sees triggers, foreign keys and other users. */
  readonly owner: Kysely<unknown>
  /** As the service reads: with its user, its pool and its settings. The same as `owner` where it is not known. */
  readonly service: Kysely<unknown>
  /** Whether `service` is the service's own database object, so that its settings are those that count. */
  readonly serviceKnown: boolean
  readonly tables: readonly TableMetadata[]
  /** By the database's names. */
  readonly cached: ReadonlyMap<string, CachedTable>
  /** Where the service has chosen one. */
  readonly statementForm?: StatementForm | undefined
  /** How many connections all processes of the service hold together, where it was said. */
  readonly connections?: number | undefined
}
