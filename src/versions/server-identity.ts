import { type Kysely, sql } from 'kysely'
import { POLL } from './poll-sql.ts'

/** What tells a server, since it was started, and a database on it from any other. */
export interface ServerIdentity {
  readonly text: string
  /** The same as the end of what polls call the server: its host, port and number. */
  readonly place: string
  readonly database: string
}

/** Undefined where the server does not say. What an endpoint leads to may change, and so may a server's data while it is down. */
export async function readServerIdentity(db: Kysely<unknown>): Promise<ServerIdentity | undefined> {
  const own = db.withoutPlugins()
  const { rows: variables } = await sql<{ Variable_name: string; Value: string }>`
    ${sql.raw(POLL)}show global variables
    where variable_name in ('server_uuid', 'server_uid', 'server_id', 'hostname', 'port')`.execute(own)
  const named = new Map(variables.map(({ Variable_name, Value }) => [Variable_name.toLowerCase(), Value]))
  const schema = named.has('server_uuid') ? 'performance_schema' : 'information_schema'
  // In one statement: the clock and the uptime are whole seconds of one reading, so that their difference is always the same.
  const { rows } = await sql<Record<'since' | 'database', unknown>>`
    ${sql.raw(POLL)}select
      cast(cast(unix_timestamp() as signed) - cast(variable_value as signed) as char) as since,
      database() as ${sql.ref('database')}
    from ${sql.raw(schema)}.global_status where variable_name = 'Uptime'`.execute(own)
  const [row] = rows
  if (row === undefined || row.since === null || row.database === null) return undefined
  return {
    text: JSON.stringify([[...named].sort(), String(row.since)]),
    place: ['hostname', 'port', 'server_id'].map((name) => named.get(name)).join(' '),
    database: String(row.database),
  }
}
