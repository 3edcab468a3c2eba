import { ConfigurationError } from '../errors.ts'
import { NextTransaction } from './next-transaction.ts'
import {
  ER_NO_SUCH_TABLE,
  ER_TABLEACCESS_DENIED_ERROR,
  ER_TOO_BIG_SELECT,
  errorNumber,
} from './server-errors.ts'
import { faultsIn, READ_SESSION, READ_WRITING_SESSION } from './session-variables.ts'
import { quoteName, ROLLBACK } from './statement.ts'

/** What a lookup, or a write of a repository, needs of a session that programs use. */
export interface SessionNeeds {
  /** Its table; undefined where it is none of the database's. */
  readonly table?: string | undefined
  /** The database that the session is to be in, as the server calls it. */
  readonly database?: string | undefined
  /** The same, as the pool's configuration calls it, which may be in another case. */
  readonly configured?: string | undefined
  /** Whether no transaction may be open. */
  readonly alone?: boolean
}

/** Runs a statement in the session, and resolves to the driver's result, with rows as objects. */
export type Ask = (sql: string) => Promise<unknown>

/**
 * The session of a connection that programs use. What they may do to it cannot be listed, so after it was used, the server is
 * asked before a lookup runs in it.
 */
export class ProgramSession {
  /**
   * How often it was used: every statement of a program, and lookups that failed, after which the server may have rolled
   * back. What was read before may not hold any more.
   */
  uses = 0
  /** Whether a lookup was refused in it, or failed: its next user needs another one. */
  isRefused = false
  readonly #next = new NextTransaction()
  #asked = false
  #tables: string[] = []

  /** Another caller has the connection from now on; others may have used it since, unseen. */
  handOver({ isShared, isReset }: { readonly isShared: boolean; readonly isReset: boolean }): void {
    this.#next.handOver()
    if (isShared || isReset) this.forget()
  }

  /** A program sends a statement. Returns whether what others left for the next transaction has to be dropped before. */
  use(sql: string): boolean {
    this.forget()
    return this.#next.note(sql)
  }

  /** What was read and asked does not hold any more. */
  forget(): void {
    this.uses++
    this.#asked = false
    this.#tables = []
  }

  /** Rejects where an answer in the session would be wrong; undefined where there is nothing to ask. */
  check(needs: SessionNeeds, ask: Ask): Promise<void> | undefined {
    const { table } = needs
    if (this.#asked && (table === undefined || this.#tables.includes(table))) return undefined
    return this.#check(needs, ask).catch((error) => this.#refuse(error))
  }

  /** Rejects where a write of a repository would go elsewhere, or write something else than it was given. */
  async checkWrite(needs: SessionNeeds, ask: Ask): Promise<void> {
    try {
      await expectRightSession(ask, needs, 'write')
      if (needs.table !== undefined) await expectNoTemporaryTable(ask, needs.table)
    } catch (error) {
      this.#refuse(error)
    }
  }

  #refuse(error: unknown): never {
    this.isRefused ||= error instanceof ConfigurationError
    throw error
  }

  async #check(needs: SessionNeeds, ask: Ask): Promise<void> {
    const { table } = needs
    if (!this.#asked) {
      if (needs.alone) await expectNoTransaction(ask)
      else if (this.#next.isUncommitted) throw unfit('isolation level READ UNCOMMITTED', UNCOMMITTED)
      await expectRightSession(ask, needs, 'read')
      this.#asked = true
    }
    if (table === undefined || this.#tables.includes(table)) return
    await expectNoTemporaryTable(ask, table)
    this.#tables.push(table)
  }
}

/** How the statement begins that looks for a temporary table. No other begins like it. */
export const SHOW_TABLE = '/* temporary? */ show create table '

const UNCOMMITTED = 'What it reads may never have been: use READ COMMITTED or REPEATABLE READ.'

const SERVER_STATUS_IN_TRANS = 1
const SERVER_STATUS_AUTOCOMMIT = 2

async function expectNoTransaction(ask: Ask): Promise<void> {
  const { serverStatus = 0 } = (await ask('do 0')) as { readonly serverStatus?: number }
  if ((serverStatus & (SERVER_STATUS_IN_TRANS | SERVER_STATUS_AUTOCOMMIT)) !== SERVER_STATUS_AUTOCOMMIT) {
    throw unfit('an open transaction', 'End it before the connection is released.')
  }
  // What was set for the next transaction alone goes with this one.
  await ask(ROLLBACK)
  await ask('unlock tables')
}

const READINGS = { read: READ_SESSION, write: READ_WRITING_SESSION }

async function expectRightSession(
  ask: Ask,
  { database, configured }: SessionNeeds,
  use: keyof typeof READINGS,
): Promise<void> {
  const [session = {}] = (await readSession(ask, use)) as readonly Readonly<Record<string, unknown>>[]
  const [fault] = faultsIn(session, use === 'write')
  if (fault) throw unfit(`${fault.variable.name} ${fault.value}`, fault.variable.fix)
  const actual = session.database ?? undefined
  const isRight: boolean =
    database === undefined
      ? configured === undefined || String(actual).toLowerCase() === configured.toLowerCase()
      : actual === database
  if (!isRight) {
    throw unfit('another database', 'Rows of its tables would be used: USE the database of the pool.')
  }
}

async function readSession(ask: Ask, use: keyof typeof READINGS): Promise<unknown> {
  try {
    return await ask(READINGS[use])
  } catch (error) {
    if (errorNumber(error) !== ER_TOO_BIG_SELECT) throw error
    throw unfit('a max_join_size', 'The server would refuse to read tables: set it back to its default.')
  }
}

/** It hides the table of its name from this session, also by the database's name; no catalogue tells of it everywhere. */
async function expectNoTemporaryTable(ask: Ask, table: string): Promise<void> {
  let text: unknown
  try {
    const [row] = (await ask(SHOW_TABLE + quoteName(table))) as readonly object[]
    text = Object.values(row ?? {})[1]
  } catch (error) {
    const number = errorNumber(error)
    // The lookup itself says it better; without a right to the whole table nothing can be said.
    if (number === ER_NO_SUCH_TABLE || number === ER_TABLEACCESS_DENIED_ERROR) return
    throw error
  }
  if (/^create temporary /i.test(String(text))) {
    throw unfit(
      `a temporary table ${table}`,
      'Its rows would be used instead of those of the table: give it another name.',
    )
  }
}

function unfit(what: string, fix: string): ConfigurationError {
  return new ConfigurationError({ kind: 'session', problem: `The session has ${what}`, fix })
}
