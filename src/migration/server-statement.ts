import { type Kysely, type QueryExecutorProvider, sql } from 'kysely'
import {
  ER_BINLOG_CREATE_ROUTINE_NEED_SUPER,
  ER_COLUMNACCESS_DENIED_ERROR,
  ER_DBACCESS_DENIED_ERROR,
  ER_NO_SUCH_USER,
  ER_SPECIFIC_ACCESS_DENIED_ERROR,
  ER_TABLEACCESS_DENIED_ERROR,
  errorNumber,
} from '../database/server-errors.ts'
import { ALL_ROWS } from '../database/session-variables.ts'
import { ConfigurationError } from '../errors.ts'

/** Runs one statement without parameters and plugins. Errors about missing rights and settings are explained. */
export async function run<Row extends object>(
  db: QueryExecutorProvider,
  statement: string,
): Promise<readonly Row[]> {
  // The session may have a limit (sql_select_limit), by the server's default too.
  const limited = statement.replace(/^(select .*?)( for update)?$/s, `$1 limit ${ALL_ROWS}$2`)
  try {
    return (await sql.raw<Row>(limited).execute(withoutPlugins(db))).rows
  } catch (error) {
    throw explained(error)
  }
}

/**
 * Not the session's: a trigger keeps the sql_mode in which it was created, and its body is no SQL for MariaDB's mode ORACLE. Values out
 * of range are errors, and so is another engine than the one asked for.
 */
const KNOWN_MODE = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'

/** Statements that change the session's sql_mode. */
export interface SqlModes {
  readonly toKnown: string
  readonly toSessions: string
}

/** Runs `work` on one connection, in a sql_mode that does not depend on the server's settings. */
export async function inKnownMode<DB, Result>(
  db: Kysely<DB>,
  work: (connection: Kysely<DB>, modes: SqlModes) => Promise<Result>,
): Promise<Result> {
  return await db.connection().execute(async (connection) => {
    const [session] = await run<{ mode: string }>(connection, 'select @@session.sql_mode as mode')
    const modes: SqlModes = {
      toKnown: `set session sql_mode = '${KNOWN_MODE}'`,
      toSessions: `set session sql_mode = '${session?.mode ?? ''}'`,
    }
    await run(connection, modes.toKnown)
    try {
      return await work(connection, modes)
    } finally {
      // What failed before is worth more to know.
      await run(connection, modes.toSessions).catch(() => {})
    }
  })
}

export function withoutPlugins(db: QueryExecutorProvider): QueryExecutorProvider {
  return { getExecutor: () => db.getExecutor().withoutPlugins() }
}

/**
 * A string that every sql_mode reads alike, and that information_schema shows as it was written: triggers are compared
 * by their text, in which MySQL rewrites doubled quotes and introducers (`_utf8mb4 0x…`).
 */
export function literal(text: string): string {
  if (!/['\\\p{C}]/u.test(text)) return `'${text}'`
  return `convert(0x${Buffer.from(text).toString('hex')} using utf8mb4) collate utf8mb4_bin`
}

/** `error`, or where a setting of the server is behind it a `ConfigurationError` that says what to do. */
export function explained(error: unknown): unknown {
  const fix = fixes.get(errorNumber(error) ?? 0)
  if (!fix) return error
  const said = error instanceof Error ? error.message : String(error)
  return new ConfigurationError({
    kind: 'rights',
    problem: `The server answered "${said}"`,
    fix,
    cause: error,
  })
}

const RIGHTS =
  'The user that migrates needs CREATE, DROP, TRIGGER, SELECT, INSERT, UPDATE and DELETE on this database: grant them.'

const fixes: ReadonlyMap<number, string> = new Map([
  [
    ER_BINLOG_CREATE_ROUTINE_NEED_SUPER,
    'With the binary log on, creating a trigger needs one of two: set global log_bin_trust_function_creators = 1 (a parameter group on managed servers), or migrate as a user with SUPER.',
  ],
  [
    ER_NO_SUCH_USER,
    'A trigger belongs to a user that is gone, so every such write fails. Run trackVersion or freeze on the table again, as a user that stays: it makes the triggers again.',
  ],
  [ER_DBACCESS_DENIED_ERROR, RIGHTS],
  [ER_TABLEACCESS_DENIED_ERROR, RIGHTS],
  [ER_COLUMNACCESS_DENIED_ERROR, RIGHTS],
  [ER_SPECIFIC_ACCESS_DENIED_ERROR, RIGHTS],
])
