/** What one of a session's settings must not be, or an answer could be wrong. */
interface SessionRule {
  /** The setting, under each name that servers have for it. */
  readonly variables: readonly string[]
  /** What is wrong with a value, as `SHOW VARIABLES` and the server's replies spell it; undefined where nothing is. */
  fault(value: string, variable: string): string | undefined
  readonly fix: string
}

const expects = (expected: string) => (value: string, variable: string) =>
  value === expected ? undefined : `${variable} = ${value}`

const sessionRules: readonly SessionRule[] = [
  {
    variables: ['character_set_client', 'character_set_connection', 'character_set_results'],
    fault: expects('utf8mb4'),
    fix: "Keys may hold any character: give the pool charset: 'utf8mb4'.",
  },
  {
    variables: ['autocommit'],
    fault: (value) => (value === 'ON' ? undefined : 'autocommit off'),
    fix: 'Reads would see one old snapshot for ever: set autocommit = 1 for the pool.',
  },
  {
    variables: ['transaction_isolation', 'tx_isolation'],
    fault: (value) => (value === 'READ-UNCOMMITTED' ? 'isolation level READ UNCOMMITTED' : undefined),
    fix: 'Uncommitted rows would be cached: use READ COMMITTED or REPEATABLE READ.',
  },
  {
    variables: ['sql_mode'],
    fault: (value) => (value.includes('NO_BACKSLASH_ESCAPES') ? 'sql_mode NO_BACKSLASH_ESCAPES' : undefined),
    fix: "The driver escapes quotes in values with backslashes, so that a value could end its string: take it out of the server's or the connection's sql_mode.",
  },
  {
    variables: ['time_zone'],
    fault: expects('+00:00'),
    fix: "Dates are exchanged in UTC: run set time_zone = '+00:00' on every connection, or use createDatabase.",
  },
]

/** What is wrong with a session, and what is to be done about it. */
export interface SessionFault {
  readonly what: string
  readonly fix: string
}

/** The fault of one setting; undefined where nothing is wrong, or nothing depends on it. */
export function sessionFault(variable: string, value: string): SessionFault | undefined {
  const rule = sessionRules.find(({ variables }) => variables.includes(variable))
  const what = rule?.fault(value, variable)
  return rule && what ? { what, fix: rule.fix } : undefined
}

/** The settings that matter, under every name that servers have for them. */
export const sessionVariables = sessionRules.flatMap(({ variables }) => variables)
