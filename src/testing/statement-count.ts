import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { isOpeningConnection } from '../database/lookup-connections.ts'
import { POOL_SETUP } from '../database/pool.ts'
import { SHOW_TABLE } from '../database/program-session.ts'
import { READ_SESSION } from '../database/session-variables.ts'
import { ConfigurationError, StatementCountError } from '../errors.ts'
import { VERSIONS } from '../versions/version-table.ts'
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

/**
 * The result of {@link countStatements}.
 *
 * @example
 * ```ts
 * const { count, result }: StatementCount<unknown> = await countStatements(() => repos.country.findByKey('FR'))
 * ```
 */
export interface StatementCount<Result> {
  /** The number of statements. */
  readonly count: number
  /** The statements, in the order in which they were sent. */
  readonly statements: readonly SentStatement[]
  /** What the function returned. */
  readonly result: Result
}

/**
 * The options of `countStatements` and `expectStatements`.
 *
 * @example
 * ```ts
 * await countStatements(() => fetch('http://127.0.0.1:8080/shipments'), { of: 'process' })
 * ```
 */
export interface StatementCountOptions {
  /**
   * Whose statements to count. `'call'` (default) counts those that the function's own calls send, whatever else runs meanwhile.
   * `'process'` counts everything that the process sends until the function has ended. Use it if the function calls a server in
   * this process over HTTP, which works outside of the function's calls.
   *
   * @example
   * ```ts
   * await expectStatements(2, () => fetch('http://127.0.0.1:8080/shipments'), { of: 'process' })
   * ```
   */
  readonly of?: 'call' | 'process'
}

/**
 * The expected number of statements, or a maximum.
 *
 * @example
 * ```ts
 * const expected: ExpectedStatements = { atMost: 2 }
 * ```
 */
export type ExpectedStatements =
  | number
  | {
      /** The largest number that is accepted. */
      readonly atMost: number
    }

/**
 * Runs `fn` and counts the statements that mysql2 sends for it, on any pool or connection of the process: queries and executions
 * of prepared statements, from Kysely, repositories or mysql2 itself. `begin`, `commit` and `rollback` count too. Preparing,
 * setting up a new connection, asking the session of a transaction before a lookup and the poll of versions do not count. Calls
 * may run side by side or nested.
 *
 * @example
 * ```ts
 * const { count } = await countStatements(() => repos.country.findByKey('FR'))
 * ```
 * @throws what `fn` throws; ConfigurationError if an argument is wrong.
 */
export async function countStatements<Result>(
  fn: () => Result,
  options: StatementCountOptions = {},
): Promise<StatementCount<Awaited<Result>>> {
  const { of = 'call' } = options
  if (typeof fn !== 'function') {
    throw new ConfigurationError({
      kind: 'option',
      problem: `countStatements: expected a function to run, got ${typeof fn}`,
      fix: 'Pass it as the first argument; expectStatements takes it as the second.',
    })
  }
  if (of !== 'call' && of !== 'process') {
    throw new ConfigurationError({
      kind: 'option',
      problem: `countStatements: expected of to be 'call' or 'process', got ${JSON.stringify(of)}`,
      fix: 'Set one of them, or leave it out.',
    })
  }
  const statements: SentStatement[] = []
  const inherited = calls.getStore()?.lists ?? []
  const call: Call = { lists: of === 'call' ? [...inherited, statements] : inherited }
  if (of === 'process') wholeProcess.add(statements)
  listen()
  try {
    const result = await calls.run(call, fn)
    return { count: statements.length, statements: [...statements], result }
  } finally {
    unlisten()
    wholeProcess.delete(statements)
  }
}

/**
 * Runs `fn` as {@link countStatements} does, and resolves to its result.
 *
 * @example
 * ```ts
 * const france = await expectStatements(1, () => repos.$request(() => repos.country.findByKey('FR')))
 * ```
 * @throws StatementCountError if the number is another one; what `fn` throws; ConfigurationError if an argument is wrong.
 */
export async function expectStatements<Result>(
  expected: ExpectedStatements,
  fn: () => Result,
  options: StatementCountOptions = {},
): Promise<Awaited<Result>> {
  const limit = typeof expected === 'object' ? expected?.atMost : expected
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new ConfigurationError({
      kind: 'option',
      problem: 'expectStatements: expected a number of statements before the function, got something else',
      fix: 'Pass a number, or { atMost } with one.',
    })
  }
  const { statements, result } = await countStatements(fn, options)
  const met = typeof expected === 'object' ? statements.length <= limit : statements.length === limit
  if (!met) throw new StatementCountError(describe(expected, statements), { expected, statements })
  return result
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

/** Subscribes only while somebody counts: without subscribers the channels cost nothing. */
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

function isHousekeeping(sql: string): boolean {
  return sql === POOL_SETUP || sql === READ_SESSION || sql.startsWith(SHOW_TABLE) || sql.startsWith(VERSIONS)
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

const MOST_LINES = 20
const LONGEST_LINE = 300

function describe(expected: ExpectedStatements, statements: readonly SentStatement[]): string {
  const wanted = typeof expected === 'object' ? `at most ${expected.atMost}` : String(expected)
  const times = new Map<string, number>()
  for (const { text } of statements) times.set(text, (times.get(text) ?? 0) + 1)
  const lines = [...times].slice(0, MOST_LINES).map(([text, count]) => {
    const shown = text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)} …` : text
    return `  ${String(count).padStart(3)} × ${shown}`
  })
  if (times.size > MOST_LINES) lines.push(`  and ${times.size - MOST_LINES} other texts`)
  const plural = wanted.endsWith(' 1') || wanted === '1' ? 'statement' : 'statements'
  return [
    `expected ${wanted} ${plural}, counted ${statements.length}${lines.length > 0 ? ':' : '.'}`,
    ...lines,
    ...hints(statements),
  ].join('\n')
}

function hints(statements: readonly SentStatement[]): string[] {
  if (statements.length === 0) {
    return [
      "Statements of a server in this process that was asked over HTTP are counted with { of: 'process' }.",
    ]
  }
  if (statements.some(({ text }) => /\binformation_schema\b/i.test(text))) {
    return [
      'What repositories verify once before their first read is among them: await repos.$ready() before counting.',
    ]
  }
  return []
}
