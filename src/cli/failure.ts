import { CommandError, UsageError } from './command.ts'
import { secretsOf, withoutSecrets, withoutUrlPasswords } from './secrets.ts'

interface DriverError {
  readonly code?: unknown
  readonly message?: unknown
  readonly sqlMessage?: unknown
  readonly address?: unknown
  readonly port?: unknown
  readonly errors?: readonly unknown[]
}

/** The connection that failed, and its secrets. */
export interface FailureSource {
  /** What named the connection: `--url`, `kysely.config.ts`, `DATABASE_URL`. */
  readonly origin: string
  /** `host:port`, if known. */
  readonly address?: string
  /** Texts that must never be printed. */
  readonly secrets: readonly string[]
}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused. Is the server running there?',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOENT: 'the socket does not exist',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name could not be looked up',
  ETIMEDOUT: 'no answer in time',
  PROTOCOL_CONNECTION_LOST: 'the server closed the connection',
}

/** One line for the terminal: what failed and what to do, without a stack or a password. */
export function describeFailure(error: unknown, source?: FailureSource): string {
  if (error instanceof CommandError) return oneLine(error.message)
  const described = source && !isOurs(error) ? databaseFailure(error, source) : undefined
  const message = oneLine(described ?? messageOf(error))
  // No text of ours or of a server contains a password, but their words may happen to be a password.
  const foreign = described === undefined && !isOurs(error) && !isServers(error)
  const secrets = [...(source?.secrets ?? []), ...secretsOf(process.env.DATABASE_URL)]
  return withoutUrlPasswords(foreign ? withoutSecrets(message, secrets) : message)
}

function databaseFailure(error: unknown, { origin, address }: FailureSource): string | undefined {
  // A host with several addresses has an error for each.
  const first = innermost(error)
  const where = address ?? (first.address ? `${first.address}:${first.port}` : 'the server')
  const says = typeof first.sqlMessage === 'string' ? `: ${first.sqlMessage}` : ''
  const code = String(first.code ?? '')
  if (code in UNREACHABLE) return `cannot connect to ${where} (from ${origin}): ${UNREACHABLE[code]}`
  switch (code) {
    case 'ER_ACCESS_DENIED_ERROR':
    case 'ER_ACCESS_DENIED_NO_PASSWORD_ERROR':
      return `${where} refused the user or the password of ${origin}${says}`
    case 'ER_DBACCESS_DENIED_ERROR':
      return `${where}: the user of ${origin} may not use that database${says}`
    case 'ER_BAD_DB_ERROR':
      return `no such database at ${where} (from ${origin})${says}. Create it, or fix the name.`
    default:
      return undefined
  }
}

function innermost(error: unknown): DriverError {
  const { errors } = asDriverError(error)
  return errors?.[0] ? innermost(errors[0]) : asDriverError(error)
}

function asDriverError(error: unknown): DriverError {
  return typeof error === 'object' && error !== null ? error : {}
}

/** By code, because a configuration file may load another copy of this library. */
function isOurs(error: unknown): boolean {
  const { code } = asDriverError(error)
  return (
    error instanceof CommandError ||
    error instanceof UsageError ||
    (typeof code === 'string' && code.startsWith('KYSELY_LOOKUP_'))
  )
}

function messageOf(error: unknown): string {
  const { message, code } = innermost(error)
  if (typeof message === 'string' && message !== '') return message
  return typeof code === 'string' ? code : String(error)
}

function oneLine(message: string): string {
  return message.trim().replaceAll(/\s*\n\s*/g, ' ')
}

function isServers(error: unknown): boolean {
  return typeof innermost(error).sqlMessage === 'string'
}
