import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { closedAfterFile } from '../closing.ts'

/** The SELECTs that a server is sent, as its general log has them. */
export interface StatementLog extends AsyncDisposable {
  /** What was sent while `work` ran, less the poll of table versions, which no request causes. */
  during(work: () => Promise<unknown>): Promise<readonly string[]>
}

/** Turns the server's general log on, for as long as nobody else uses the server. */
export async function openStatementLog(url: string): Promise<StatementLog> {
  const connection = await createConnection(url)
  const [[before]] = await connection.query<RowDataPacket[]>(
    'select @@log_output output, @@general_log enabled',
  )
  await connection.query("set global log_output = 'TABLE'")
  await connection.query('set global general_log = on')
  return closedAfterFile({
    async during(work) {
      await connection.query('truncate table mysql.general_log')
      await work()
      const [rows] = await connection.query<RowDataPacket[]>(
        `select convert(argument using utf8mb4) statement from mysql.general_log
         where command_type in ('Query', 'Execute') and thread_id <> connection_id()`,
      )
      return rows
        .map(({ statement }) => String(statement))
        .filter((statement) => /^\s*select\b/i.test(statement) && !statement.includes('information_schema'))
    },
    async [Symbol.asyncDispose]() {
      await connection.query('set global general_log = ?', [before?.enabled])
      await connection.query('set global log_output = ?', [before?.output])
      await connection.end()
    },
  })
}
