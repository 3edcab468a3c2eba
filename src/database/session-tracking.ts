import { type SessionFault, sessionFault } from './session-requirements.ts'

/** What a connection's session was left in by whoever used it, as the server's replies tell. */
export interface SessionState {
  /** Why nobody else may read on the connection; undefined where everybody may. */
  readonly unfit: SessionFault | undefined
  /** How often something was rolled back: what was read before may never have been. */
  readonly rollbacks: number
  /** A statement goes out that is no lookup. */
  send(sql: string): void
  /** Its reply. */
  receive(result: unknown): void
}

/**
 * Makes the server report, in the replies to the statements that change them, the settings that a session must not
 * have, and tell what they are now. Comments are for the servers that know the setting by this name. Every connection
 * speaks UTC, whatever the server's default is: a TIMESTAMP then reads and matches the same everywhere.
 *
 * @see https://dev.mysql.com/doc/refman/en/session-state-tracking.html
 */
export const TRACKED_SETUP = `set
  /*!50720 session_track_system_variables = 'autocommit,character_set_client,character_set_connection,character_set_results,sql_mode,time_zone,transaction_isolation', */
  /*M! session_track_system_variables = '*', */
  autocommit = @@autocommit, sql_mode = @@sql_mode,
  /*!50720 session transaction_isolation = @@transaction_isolation, */
  /*M! session tx_isolation = @@tx_isolation, */
  session time_zone = '+00:00'`

/** For servers and proxies that do not track sessions. */
export const PLAIN_SETUP = "set time_zone = '+00:00'"

const SERVER_STATUS_IN_TRANS = 1
const SERVER_STATUS_AUTOCOMMIT = 2

const comments = String.raw`^(?:\s|/\*.*?\*/|(?:--\s|#)[^\n]*\n)*`
const ROLLBACK = new RegExp(`${comments}rollback\\b`, 'is')
/** It counts for the next statement alone, and no reply tells of it. */
const NEXT_TRANSACTION = new RegExp(
  String.raw`${comments}set\s+(?:transaction\b|@@(?:transaction|tx)_)`,
  'is',
)

const OPEN: SessionFault = {
  what: 'an open transaction',
  fix: 'Commit it, or roll it back, before the connection is released.',
}

const AWAITED: SessionFault = {
  what: 'a setting for its next transaction',
  fix: 'Begin that transaction on the same connection.',
}

export function createSessionState(): SessionState {
  const faults = new Map<string, SessionFault>()
  let open = false
  let awaited = false
  let rollbacks = 0

  function receiveHeader({ serverStatus, stateChanges }: ReplyHeader): void {
    if (typeof serverStatus === 'number') {
      open = (serverStatus & (SERVER_STATUS_IN_TRANS | SERVER_STATUS_AUTOCOMMIT)) !== SERVER_STATUS_AUTOCOMMIT
    }
    for (const [name, value] of Object.entries(stateChanges?.systemVariables ?? {})) {
      const fault = sessionFault(name, value)
      if (fault) faults.set(name, fault)
      else faults.delete(name)
    }
  }

  return {
    get unfit() {
      if (open) return OPEN
      if (awaited) return AWAITED
      const [fault] = faults.values()
      return fault
    },
    get rollbacks() {
      return rollbacks
    },
    send(sql) {
      awaited = NEXT_TRANSACTION.test(sql)
      if (ROLLBACK.test(sql)) rollbacks++
    },
    receive(result) {
      const header = headerOf(result)
      if (header) receiveHeader(header)
    },
  }
}

interface ReplyHeader {
  readonly serverStatus?: number
  readonly stateChanges?: { readonly systemVariables: Readonly<Record<string, string>> }
}

/** A CALL answers the rows of its statements and, at the end, a header. */
function headerOf(result: unknown): ReplyHeader | undefined {
  const last = Array.isArray(result) ? result.at(-1) : result
  return last?.constructor?.name === 'ResultSetHeader' ? last : undefined
}
