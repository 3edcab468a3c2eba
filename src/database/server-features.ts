import { type Kysely, sql } from 'kysely'
import type { Execute } from './execute.ts'
import { parseServerVersion, type ServerSystem } from './server-version.ts'

/**
 * How keys are sent: as one JSON parameter that the server unfolds with JSON_TABLE, or as a `union all` of one select per key.
 *
 * @example
 * ```ts
 * createRepositories({ db, tables, statementForm: 'union_all' })
 * ```
 */
export type StatementForm = 'json_table' | 'union_all'

/** A verified way to the server, and what the statements depend on. */
export interface Server {
  readonly execute: Execute
  readonly form: StatementForm
  /** The largest statement (bytes) that the server takes. */
  readonly maxPacket: number
  readonly system: ServerSystem
  /** The connection's database, if it has one. */
  readonly databaseName: string | undefined
}

/** JSON_TABLE came with MySQL 8.0.4 and MariaDB 10.6. */
export async function readFeatures(db: Kysely<unknown>): Promise<Omit<Server, 'execute'>> {
  const { rows } = await sql<{ version: string; packet: unknown; name: string | null }>`
    select version() as version, @@max_allowed_packet as packet, database() as name`.execute(
    db.withoutPlugins(),
  )
  const { version = '', packet, name } = rows[0] ?? {}
  const { system, release } = parseServerVersion(version)
  return {
    form: release >= (system === 'mariadb' ? 1006 : 800) ? 'json_table' : 'union_all',
    maxPacket: Number(packet),
    system,
    databaseName: name ?? undefined,
  }
}
