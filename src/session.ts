import { type Kysely, sql } from 'kysely'
import { ConfigurationError } from './errors.ts'

const SESSION_VARIABLES = [
  'autocommit',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'sql_mode',
  'time_zone',
  'transaction_isolation',
  'tx_isolation',
]

/** @throws ConfigurationError where a session's setting could make an answer wrong. */
export async function verifySession(db: Kysely<unknown>): Promise<void> {
  const names = sql.join(SESSION_VARIABLES.map((name) => sql.lit(name)))
  const { rows } = await sql<{ Variable_name: string; Value: string }>`
    show session variables where variable_name in (${names})`.execute(db.withoutPlugins())
  const session = new Map(rows.map(({ Variable_name, Value }) => [Variable_name, Value]))
  const refuse = (what: string, mend: string) => {
    throw new ConfigurationError(`The database session has ${what}. ${mend}`)
  }
  for (const name of ['character_set_client', 'character_set_connection', 'character_set_results']) {
    const charset = session.get(name)
    if (charset !== 'utf8mb4') {
      refuse(`${name} = ${charset}`, "Keys may hold any character: give the pool charset: 'utf8mb4'.")
    }
  }
  if (session.get('autocommit') !== 'ON') {
    refuse('autocommit off', 'Reads would see one old snapshot for ever: set autocommit = 1 for the pool.')
  }
  const isolation = session.get('transaction_isolation') ?? session.get('tx_isolation')
  if (isolation === 'READ-UNCOMMITTED') {
    refuse(
      'isolation level READ UNCOMMITTED',
      'Uncommitted rows would be cached: use READ COMMITTED or REPEATABLE READ.',
    )
  }
  if (session.get('sql_mode')?.includes('NO_BACKSLASH_ESCAPES')) {
    refuse(
      'sql_mode NO_BACKSLASH_ESCAPES',
      "The driver escapes quotes in values with backslashes, so that a value could end its string: take it out of the server's or the connection's sql_mode.",
    )
  }
  if (session.get('time_zone') !== '+00:00') {
    refuse(
      `time_zone = ${session.get('time_zone')}`,
      "Dates are exchanged in UTC: run set time_zone = '+00:00' on every connection, or use createDatabase.",
    )
  }
}
