import { type Kysely, sql } from 'kysely'
import { ConfigurationError } from './errors.ts'
import { type SessionFault, sessionFault, sessionVariables } from './session-rule.ts'

/** @throws ConfigurationError where a session's setting could make an answer wrong. */
export async function verifySession(db: Kysely<unknown>): Promise<void> {
  const names = sql.join(sessionVariables.map((name) => sql.lit(name)))
  const { rows } = await sql<{ Variable_name: string; Value: string }>`
    show session variables where variable_name in (${names})`.execute(db.withoutPlugins())
  const session = new Map(rows.map(({ Variable_name, Value }) => [Variable_name, Value]))
  for (const name of sessionVariables) {
    const fault = sessionFault(name, session.get(name) ?? '')
    if (fault && session.has(name)) throw wrongSession(fault)
  }
}

export function wrongSession({ what, mend }: SessionFault): ConfigurationError {
  return new ConfigurationError(`The database session has ${what}. ${mend}`)
}
