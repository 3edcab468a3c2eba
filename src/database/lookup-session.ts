import { ConfigurationError } from '../errors.ts'
import { isConnectionLoss } from './connection-loss.ts'
import { ER_TOO_BIG_SELECT, ER_UNKNOWN_SYSTEM_VARIABLE, errorNumber } from './server-errors.ts'
import { ALL_ROWS, faultsIn, READ_OWN_SESSION, READ_SESSION } from './session-variables.ts'
import { quoteName, ROLLBACK } from './statement.ts'

/** Runs a statement on a new connection, and resolves to the driver's result. */
export type Run = (sql: string) => Promise<unknown>

type SessionRow = Readonly<Record<string, unknown>>

/**
 * Gives the session of a new connection what lookups need, whatever the server's defaults, its `init_connect` or the
 * user's hook say. Only what differs is set: a proxy may pin a session for each SET.
 *
 * @throws ConfigurationError if the server refuses a setting.
 */
export async function setUpLookupSession(run: Run, database: string | undefined): Promise<void> {
  await run(ROLLBACK)
  const session = await readSession(run)
  const faults = faultsIn(session)
  // A URL without a database names an empty one.
  const elsewhere = database !== undefined && database !== '' && session.database !== database
  if (faults.length === 0 && !elsewhere) return
  try {
    if (elsewhere) await run(`use ${quoteName(database)}`)
    if (faults.length > 0) {
      await run(`set ${faults.map(({ variable, value }) => variable.assignment(value)).join(', ')}`)
    }
  } catch (error) {
    if (isConnectionLoss(error)) throw error
    throw refused(faults.map(({ variable }) => variable.name).join(', '), error)
  }
  const left = faultsIn(await readSession(run))
  if (left.length > 0)
    throw refused(left.map(({ variable, value }) => `${variable.name} = ${value}`).join(', '))
}

async function readSession(run: Run): Promise<SessionRow> {
  try {
    return rowOf(await run(READ_OWN_SESSION))
  } catch (error) {
    // A server that calls itself MySQL but does not have all of its variables.
    if (errorNumber(error) === ER_UNKNOWN_SYSTEM_VARIABLE) return rowOf(await run(READ_SESSION))
    if (errorNumber(error) !== ER_TOO_BIG_SELECT) throw error
    await run(`set max_join_size = ${ALL_ROWS}`)
    return rowOf(await run(READ_OWN_SESSION))
  }
}

function rowOf(result: unknown): SessionRow {
  return (result as readonly SessionRow[])[0] ?? {}
}

function refused(what: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError({
    kind: 'session',
    problem: `The server does not let the session of a lookup be set up: ${what}`,
    fix: 'Allow the user to set it, or set it for the server.',
    cause,
  })
}
