import { createConnectedDoorbell } from '../versions/connected-doorbell.ts'
import type { Doorbell } from '../versions/doorbell.ts'
import { connectBinlog } from './binlog-connection.ts'
import { invalidUri } from './binlog-errors.ts'

/**
 * The options of `binlogDoorbell`.
 *
 * @example
 * ```ts
 * const options: BinlogDoorbellOptions = { uri: process.env.BINLOG_URL }
 * ```
 */
export interface BinlogDoorbellOptions {
  /**
   * The database, as a URL that mysql2 takes. Its user needs `REPLICATION SLAVE` and `REPLICATION CLIENT`, and `SELECT` on the version
   * table.
   *
   * @example
   * ```ts
   * binlogDoorbell({ uri: 'mysql://listener:password@primary.example:3306/shop' })
   * ```
   */
  readonly uri: string | undefined
}

/**
 * A doorbell that listens to the server's binary log. It hears all writes, no matter who makes them, and TRUNCATE and DDL. It needs npm's
 * `@vlasky/zongji`, binary logs in the format ROW or MIXED, and two connections for as long as it listens. One process of a fleet can
 * listen for all: `kysely-lookup watch`.
 *
 * @example
 * ```ts
 * import { binlogDoorbell } from 'kysely-lookup/binlog'
 *
 * createRepositories({ db, tables, versions: { doorbell: binlogDoorbell({ uri: process.env.BINLOG_URL }) } })
 * ```
 * @throws ConfigurationError if the URL cannot be one. What only the server can tell, such as a missing right, is reported on the
 * channel `kysely-lookup:doorbell`, and as a warning of the process.
 */
export function binlogDoorbell(options: BinlogDoorbellOptions): Doorbell {
  const { uri } = options ?? {}
  const url = uri !== undefined && URL.canParse(uri) ? new URL(uri) : undefined
  if (!url || !/^(mysql|mariadb):$/.test(url.protocol) || url.pathname.length < 2) throw invalidUri(uri)
  return createConnectedDoorbell({
    announces: false,
    connect: (events) => connectBinlog(uri!, events),
  })
}
