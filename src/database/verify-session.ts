import { type Kysely, sql } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import { type SessionFault, sessionFault, sessionVariables } from './session-requirements.ts'

/** @throws ConfigurationError where a session's setting could make an answer wrong. */
export async function verifySession(db: Kysely<unknown>): Promise<void> {
  const [fault] = await sessionFaults(db)
  if (fault) throw wrongSession(fault)
}

/** Everything that could make an answer wrong in the session of a connection. */
export async function sessionFaults(db: Kysely<unknown>): Promise<readonly SessionFault[]> {
  const names = sql.join(sessionVariables.map((name) => sql.lit(name)))
  const { rows } = await sql<{ Variable_name: string; Value: string }>`
    show session variables where variable_name in (${names})`.execute(db.withoutPlugins())
  const session = new Map(rows.map(({ Variable_name, Value }) => [Variable_name, Value]))
  return sessionVariables.flatMap((name) => {
    const value = session.get(name)
    return (value !== undefined && sessionFault(name, value)) || []
  })
}

export function wrongSession({ what, fix }: SessionFault): ConfigurationError {
  return new ConfigurationError({ kind: 'session', problem: `The database session has ${what}`, fix })
}
