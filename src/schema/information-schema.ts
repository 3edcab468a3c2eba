import { type Kysely, type RawBuilder, sql } from 'kysely'
import { ownDatabase } from '../database/lookup-adapter.ts'
import { ALL_ROWS } from '../database/session-variables.ts'

/** Reads what the server says of the current database, whatever the program does to its sessions and plugins. */
export function informationReader<DB>(db: Kysely<DB>) {
  const own = ownDatabase(db as unknown as Kysely<unknown>).withoutPlugins()
  return async <Row extends object>(query: RawBuilder<Row>): Promise<Row[]> => {
    // A limit of its own: the session may have another (sql_select_limit).
    const { rows } = await sql<Row>`${query} limit ${sql.raw(ALL_ROWS)}`.execute(own)
    return rows.map(withText)
  }
}

/** Servers and drivers return some of `information_schema`'s long texts as bytes. */
function withText<Row extends object>(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      Buffer.isBuffer(value) ? value.toString('utf8') : value,
    ]),
  ) as Row
}
