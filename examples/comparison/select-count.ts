import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'

/** Reads how many SELECTs a server has run. */
export interface SelectCounter extends AsyncDisposable {
  read(): Promise<number>
}

/**
 * `Com_select` counts every SELECT of every client, sent as text or prepared, on MariaDB and on MySQL. The
 * SHOW that reads it does not count.
 */
export async function openSelectCounter(databaseUrl: string): Promise<SelectCounter> {
  const connection: Connection = await createConnection(databaseUrl)
  return {
    async read() {
      const [rows] = await connection.query<RowDataPacket[]>("show global status like 'Com_select'")
      return Number(rows[0]?.Value)
    },
    [Symbol.asyncDispose]: () => connection.end(),
  }
}
