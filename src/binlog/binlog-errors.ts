import {
  ER_NO_SUCH_TABLE,
  ER_SPECIFIC_ACCESS_DENIED_ERROR,
  errorNumber,
  isDenied,
} from '../database/server-errors.ts'
import { ConfigurationError } from '../errors.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'

/** SHOW BINARY LOGS on a server that keeps none. */
const ER_NO_BINARY_LOGGING = 1381

export function invalidUri(uri: unknown): ConfigurationError {
  return new ConfigurationError({
    kind: 'option',
    problem: `binlogDoorbell: uri is ${uri === undefined ? 'undefined' : 'not a mysql:// URL with a database'}`,
    fix: 'Pass mysql://user:password@host:3306/database, each part percent-encoded.',
  })
}

/** What to do about an error of the server, where that is known. */
export function explained(error: unknown): unknown {
  const number = errorNumber(error)
  if (number === ER_SPECIFIC_ACCESS_DENIED_ERROR) {
    return new ConfigurationError({
      kind: 'rights',
      problem: 'The database user may not read the binary log',
      fix: 'GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* to it; on MariaDB 10.5 and newer the latter is also called BINLOG MONITOR.',
      cause: error,
    })
  }
  if (number === ER_NO_SUCH_TABLE || isDenied(error)) {
    return new ConfigurationError({
      kind: 'versions',
      problem: `The database user cannot see ${VERSION_TABLE}, whose rows say in the binary log what has changed`,
      fix: `Call createVersionTable(db) of kysely-lookup/migration in a migration, and GRANT SELECT on ${VERSION_TABLE} to the user.`,
      cause: error,
    })
  }
  if (number === ER_NO_BINARY_LOGGING) {
    return new ConfigurationError({
      kind: 'server',
      problem: 'The server keeps no binary log',
      fix: 'Start it with --log-bin, or use redisDoorbell of kysely-lookup/redis.',
      cause: error,
    })
  }
  return error
}
