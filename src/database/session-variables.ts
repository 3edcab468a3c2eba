/** A session variable that changes what a SELECT means, or how its values are read. */
export interface SessionVariable {
  readonly name: string
  /** How a SELECT list reads it, up to the comma: in a comment that only servers execute which have the variable. */
  readonly select: string
  isRight(value: string): boolean
  /** What SET takes to make it right, from the value that it has. */
  assignment(value: string): string
  /** What depends on it, and what to do. */
  readonly fix: string
  /** Whether it does no harm in a program's session: no answer is wrong because of it. */
  readonly ownOnly?: boolean
  /** Whether a write with this value would write what it was given; absent where no write depends on it. */
  canWrite?(value: string): boolean
}

/** A session variable that has another value than answers need. */
export interface SessionFault {
  readonly variable: SessionVariable
  readonly value: string
}

/** Modes under which the server reads texts or values differently from how they are written. */
const WRONG_MODES = new Set([
  // Ends strings early: the driver escapes quotes with backslashes where a statement is not prepared.
  'NO_BACKSLASH_ESCAPES',
  // CHAR values come with their padding.
  'PAD_CHAR_TO_FULL_LENGTH',
  // MariaDB's: '' is NULL; DATE is DATETIME.
  'EMPTY_STRING_IS_NULL',
  'ORACLE',
])

/** As many rows as there can be. */
export const ALL_ROWS = '18446744073709551615'

const isUtf8mb4 = (value: string) => value === 'utf8mb4'

const charsets = ['character_set_client', 'character_set_connection', 'character_set_results'].map((name) =>
  variable({
    name,
    right: 'utf8mb4',
    fix: "Keys may hold any character: give the pool charset: 'utf8mb4'.",
    ...(name !== 'character_set_results' && { canWrite: isUtf8mb4 }),
  }),
)

export const sessionVariables: readonly SessionVariable[] = [
  ...charsets,
  variable({
    name: 'time_zone',
    right: '+00:00',
    assignment: () => "time_zone = '+00:00'",
    canWrite: (value) => value === '+00:00',
    fix: 'Dates are exchanged in UTC: leave the time zone as createDatabase sets it.',
  }),
  variable({
    name: 'autocommit',
    ownOnly: true,
    right: '1',
    fix: 'Reads would see one old snapshot for ever: set autocommit = 1.',
  }),
  variable({
    name: 'isolation level',
    select: '/*!50720 @@transaction_isolation `isolation level`, *//*M! @@tx_isolation `isolation level`, */',
    isRight: (value) => value !== 'READ-UNCOMMITTED',
    assignment: () =>
      "/*!50720 session transaction_isolation = *//*M! session tx_isolation = */ 'READ-COMMITTED'",
    fix: 'What it reads may never have been: use READ COMMITTED or REPEATABLE READ.',
  }),
  variable({
    name: 'sql_mode',
    canWrite: (value) => !/\b(?:NO_BACKSLASH_ESCAPES|EMPTY_STRING_IS_NULL)\b/.test(value),
    isRight: (value) => !value.split(',').some((mode) => WRONG_MODES.has(mode)),
    assignment: (value) => {
      const modes = value.split(',').filter((mode) => !WRONG_MODES.has(mode))
      return `sql_mode = '${modes.join(',')}'`
    },
    fix: `Texts and values would be read in another way than they are written: use a sql_mode without ${[...WRONG_MODES].join(', ')}.`,
  }),
  variable({
    name: 'sql_select_limit',
    // Beyond 2^53.
    select: 'cast(@@sql_select_limit as char) sql_select_limit,',
    right: ALL_ROWS,
    fix: `Rows would be missing: set sql_select_limit = ${ALL_ROWS}.`,
  }),
  variable({
    name: 'sql_auto_is_null',
    ownOnly: true,
    right: '0',
    fix: 'A condition on NULL would find the row inserted last: set sql_auto_is_null = 0.',
  }),
  variable({
    name: 'sql_big_selects',
    ownOnly: true,
    right: '1',
    fix: 'The server would refuse to read large tables: set sql_big_selects = 1.',
  }),
  variable({
    name: 'max_join_size',
    ownOnly: true,
    // Beyond 2^53. MariaDB heeds a server's default of it although sql_big_selects is 1.
    select: 'cast(@@max_join_size as char) max_join_size,',
    right: ALL_ROWS,
    fix: `The server would refuse to read large tables: set max_join_size = ${ALL_ROWS}.`,
  }),
  variable({
    name: 'max_sort_length',
    isRight: (value) => Number(value) >= 1024,
    assignment: () => 'max_sort_length = 1024',
    fix: 'Lists would not be in primary-key order: set max_sort_length = 1024.',
  }),
  variable({
    name: 'system_versioning_asof',
    select: '/*M! cast(@@system_versioning_asof as char) system_versioning_asof, */',
    right: 'DEFAULT',
    fix: 'Rows of the past would be read: set system_versioning_asof = default.',
  }),
  variable({
    name: 'wsrep_dirty_reads',
    ownOnly: true,
    // Not every MariaDB was built with it.
    select:
      "/*M! (select session_value from information_schema.system_variables where variable_name = 'WSREP_DIRTY_READS') wsrep_dirty_reads, */",
    isRight: (value) => value !== 'ON',
    assignment: () => 'wsrep_dirty_reads = OFF',
    fix: 'A node that has lost its cluster would answer old rows: set wsrep_dirty_reads = OFF.',
  }),
  variable({
    name: 'use_secondary_engine',
    ownOnly: true,
    select: '/*!80013 @@use_secondary_engine use_secondary_engine, */',
    isRight: (value) => value === 'OFF',
    assignment: () => 'use_secondary_engine = OFF',
    fix: 'A secondary engine lags behind the table: set use_secondary_engine = OFF.',
  }),
  variable({
    name: 'show_gipk_in_create_table_and_information_schema',
    ownOnly: true,
    select:
      '/*!80030 @@show_gipk_in_create_table_and_information_schema show_gipk_in_create_table_and_information_schema, */',
    right: '1',
    fix: 'Generated primary keys would be missing from the schema.',
  }),
]

/** A limit of its own: the session's may be 0. */
function reading(variables: readonly SessionVariable[]): string {
  return `select ${variables.map(({ select }) => select).join(' ')} database() \`database\` limit 1`
}

/** Reads a session of this library's own: its database, and each variable above that the server has, by its name. */
export const READ_OWN_SESSION = reading(sessionVariables)

/** The same for the session of a program. */
export const READ_SESSION = reading(sessionVariables.filter(({ ownOnly }) => !ownOnly))

/** The same of what writes depend on. */
export const READ_WRITING_SESSION = reading(sessionVariables.filter(({ canWrite }) => canWrite))

/** What is wrong in a row that such a statement returned. */
export function faultsIn(row: Readonly<Record<string, unknown>>, writes = false): SessionFault[] {
  return sessionVariables.flatMap((variable) => {
    if (!(variable.name in row)) return []
    const value = String(row[variable.name])
    const isRight = writes ? variable.canWrite?.(value) : variable.isRight(value)
    return isRight ? [] : [{ variable, value }]
  })
}

interface VariableOptions extends Partial<SessionVariable> {
  readonly name: string
  readonly fix: string
  /** The only value that is right. */
  readonly right?: string
}

function variable({ right, ...given }: VariableOptions): SessionVariable {
  const { name } = given
  return {
    select: `@@${name} ${name},`,
    isRight: (value) => value === right,
    assignment: () => `${name} = ${right}`,
    ...given,
  }
}
