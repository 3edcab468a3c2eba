import { LookupError } from '../errors.ts'

const LOST = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNRESET',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'ER_SERVER_SHUTDOWN',
  'ER_NORMAL_SHUTDOWN',
  // What a server says on a connection that it has killed: MariaDB, MySQL.
  'ER_CONNECTION_KILLED',
  'ER_SESSION_WAS_KILLED',
  'ER_CLIENT_INTERACTION_TIMEOUT',
  // What it says instead of a greeting.
  'ER_CON_COUNT_ERROR',
  'ER_TOO_MANY_USER_CONNECTIONS',
  'ER_USER_LIMIT_REACHED',
])

/** Whether an error means that the connection is gone, or that none is available now. */
export function isConnectionLoss(error: unknown): boolean {
  const { code, fatal } = (error ?? {}) as { code?: string; fatal?: boolean }
  return code === undefined ? fatal === true && isPlain(error) : LOST.has(code)
}

/** The driver has no code for a statement on a connection that is closed. What its parsers throw is fatal too, but of a class of its own. */
function isPlain(error: unknown): boolean {
  return Object.getPrototypeOf(error) === Error.prototype
}

/** The error for a reader: the driver's own message says neither what was read nor what to do. */
export function connectionLost(what: string, cause: unknown): LookupError {
  const { code } = cause as { code?: string }
  return new LookupError(
    'KYSELY_LOOKUP_CONNECTION_LOST',
    `${what}: the connection to the database was lost or could not be made${code ? ` (${code})` : ''}. Nothing of this read is remembered: ask again when the server is back.`,
    { cause },
  )
}
