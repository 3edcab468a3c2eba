import { type Kysely, sql } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import type { Execute } from './execute.ts'
import { parseServerVersion, type ServerSystem, type ServerVersion } from './server-version.ts'

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
export function hasJsonTable({ system, release, partial }: ServerVersion): boolean {
  return !partial && release >= (system === 'mariadb' ? 1006 : 800)
}

/**
 * @param chosen the form that the program asks for, in place of the one that the server is best asked in
 * @throws ConfigurationError where the server does not understand it.
 */
export async function readFeatures(
  db: Kysely<unknown>,
  chosen?: StatementForm,
): Promise<Omit<Server, 'execute'>> {
  const { rows } = await sql<{ version: string; packet: unknown; name: string | null }>`
    select version() as version, @@max_allowed_packet as packet, database() as name`.execute(
    db.withoutPlugins(),
  )
  const { version = '', packet, name } = rows[0] ?? {}
  const server = parseServerVersion(version)
  const jsonTable = hasJsonTable(server)
  if (chosen === 'json_table' && !jsonTable) {
    throw new ConfigurationError({
      kind: 'option',
      problem: `statementForm is 'json_table', which ${server.system} ${server.version} does not know`,
      fix: 'Leave statementForm out: the library asks the server.',
    })
  }
  return {
    form: chosen ?? (jsonTable ? 'json_table' : 'union_all'),
    maxPacket: Number(packet),
    system: server.system,
    databaseName: name ?? undefined,
  }
}
