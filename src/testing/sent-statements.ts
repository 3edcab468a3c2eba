import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { isOpeningConnection } from '../database/lookup-connections.ts'
import { POOL_SETUP } from '../database/pool.ts'
import { SHOW_TABLE } from '../database/program-session.ts'
import { READ_SESSION, READ_WRITING_SESSION } from '../database/session-variables.ts'
import { POLL } from '../versions/poll-sql.ts'
import { textWithoutValues } from './statement-text.ts'

/**
 * A statement that mysql2 sent.
 *
 * @example
 * ```ts
 * const { statements } = await countStatements(() => repos.country.findByKey('FR'))
 * const texts = statements.map(({ text }: SentStatement) => text)
 * ```
 */
export interface SentStatement {
  /** The text on one line, with `?` for each value. */
  readonly text: string
  /** Whether it was sent as a prepared statement. */
  readonly prepared: boolean
  /** The database of its connection. */
  readonly database: string
}

/** Runs `fn` and notes the statements that it sends; with `of: 'process'`, all that the process sends meanwhile. */
export async function noteStatements<Result>(
  fn: () => Result,
  of: 'call' | 'process',
): Promise<{ readonly result: Awaited<Result>; readonly statements: readonly SentStatement[] }> {
  const statements: SentStatement[] = []
  const inherited = calls.getStore()?.lists ?? []
  const call: Call = { lists: of === 'call' ? [...inherited, statements] : inherited }
  if (of === 'process') wholeProcess.add(statements)
  listen()
  try {
    const result = await calls.run(call, fn)
    return { result, statements: [...statements] }
  } finally {
    unlisten()
    wholeProcess.delete(statements)
  }
}

/** A running call: the lists its statements are added to, and whether a pool is setting up a connection. */
interface Call {
  readonly lists: readonly SentStatement[][]
  readonly settingUp?: boolean
}

/** mysql2's message about a statement. */
interface Sending {
  readonly query: string
  readonly database: string
}

const calls = new AsyncLocalStorage<Call | undefined>()
const wholeProcess = new Set<SentStatement[]>()
const queries = tracingChannel<unknown, Sending>('mysql2:query')
const executions = tracingChannel<unknown, Sending>('mysql2:execute')
const acquisitions = tracingChannel<unknown, object>('mysql2:pool:connect')

/** The call that waits for a connection, by mysql2's message about it. */
const waiting = new WeakMap<object, Call | undefined>()
let listeners = 0

/** Subscribes only while statements are counted: without subscribers the channels cost nothing. */
function listen(): void {
  if (listeners++ > 0) return
  queries.start.subscribe(sentQuery)
  executions.start.subscribe(sentExecution)
  acquisitions.start.bindStore(calls, beginWaiting)
  acquisitions.asyncStart.bindStore(calls, endWaiting)
}

function unlisten(): void {
  if (--listeners > 0) return
  queries.start.unsubscribe(sentQuery)
  executions.start.unsubscribe(sentExecution)
  acquisitions.start.unbindStore(calls)
  acquisitions.asyncStart.unbindStore(calls)
}

const sentQuery = (message: unknown) => take(message as Sending, false)
const sentExecution = (message: unknown) => take(message as Sending, true)

function take({ query, database }: Sending, prepared: boolean): void {
  const call = calls.getStore()
  const lists = [...wholeProcess, ...(call?.lists ?? [])]
  if (lists.length === 0 || call?.settingUp || isOpeningConnection() || isHousekeeping(query)) return
  const statement: SentStatement = { text: textWithoutValues(query), prepared, database }
  for (const list of lists) list.push(statement)
}

const OF_SESSIONS: ReadonlySet<string> = new Set([POOL_SETUP, READ_SESSION, READ_WRITING_SESSION])

function isHousekeeping(sql: string): boolean {
  return OF_SESSIONS.has(sql) || sql.startsWith(SHOW_TABLE) || sql.startsWith(POLL)
}

/** What is sent before the pool hands over the connection comes from the pool's listeners. */
function beginWaiting(message: object): Call {
  waiting.set(message, calls.getStore())
  return { lists: [], settingUp: true }
}

/** The connection may come from the context of the caller that gave it back; its next user gets its own context again. */
function endWaiting(message: object): Call | undefined {
  return waiting.get(message)
}
