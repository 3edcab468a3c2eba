import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import { PLAIN_SETUP, TRACKED_SETUP } from '../database/session-tracking.ts'
import { ConfigurationError, LookupError } from '../errors.ts'
import { VERSIONS } from '../versions/version-table.ts'
import { textWithoutValues } from './statement-text.ts'

/** A statement that mysql2 was given to send. */
export interface SentStatement {
  /** Its text, with `?` for each value, on one line. */
  readonly text: string
  /** Sent by the binary protocol. */
  readonly prepared: boolean
  /** The database of its connection. */
  readonly database: string
}

/** What {@link countStatements} answers. */
export interface StatementCount<Result> {
  readonly count: number
  /** In the order in which they were sent. */
  readonly statements: readonly SentStatement[]
  /** What the function answered. */
  readonly result: Result
}

export interface StatementCountOptions {
  /**
   * Whose statements are counted: those that the function's own calls send, whatever else runs meanwhile (`'call'`, the
   * default), or all that the process sends until the function has ended (`'process'`): for a server in this process
   * that is asked over HTTP, which does its work outside of the function's calls.
   */
  readonly of?: 'call' | 'process'
}

/** How many statements there should be. */
export type ExpectedStatements = number | { readonly atMost: number }

/** Another number of statements was sent than expected. Its message lists them, without the values in them. */
export class StatementCountError extends LookupError {
  readonly expected: ExpectedStatements
  readonly actual: number
  readonly statements: readonly SentStatement[]

  constructor(
    expected: ExpectedStatements,
    statements: readonly SentStatement[],
    message = describe(expected, statements),
  ) {
    super('KYSELY_LOOKUP_STATEMENT_COUNT', message)
    this.expected = expected
    this.actual = statements.length
    this.statements = statements
  }
}

/**
 * Runs `fn` and counts the statements that mysql2 sends for it, on any pool or connection of the process: queries and
 * executions of prepared statements, by Kysely, repositories or mysql2 itself. `begin`, `commit` and `rollback` are
 * statements. Not counted are preparing, what sets up a new connection, and the poll of versions, for they do not belong
 * to whoever happens to be there. Calls may run side by side and within each other.
 *
 * ```ts
 * const { count } = await countStatements(() => loadInvoice(7))
 * ```
 */
export async function countStatements<Result>(
  fn: () => Result,
  options: StatementCountOptions = {},
): Promise<StatementCount<Awaited<Result>>> {
  const { of = 'call' } = options
  if (typeof fn !== 'function') {
    throw new ConfigurationError(`countStatements: expected a function to run, got ${typeof fn}.`)
  }
  if (of !== 'call' && of !== 'process') {
    throw new ConfigurationError(
      `countStatements: expected of: 'call' or 'process', got ${JSON.stringify(of)}.`,
    )
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
 * Runs `fn`, as {@link countStatements} does, and answers what it answered.
 *
 * ```ts
 * const invoice = await expectStatements(2, () => repos.$request(() => loadInvoice(7)))
 * ```
 *
 * @throws StatementCountError where the number is another one. What `fn` throws is passed on.
 */
export async function expectStatements<Result>(
  expected: ExpectedStatements,
  fn: () => Result,
  options: StatementCountOptions = {},
): Promise<Awaited<Result>> {
  const limit = typeof expected === 'object' ? expected?.atMost : expected
  if (!Number.isSafeInteger(limit) || limit < 0) {
    throw new ConfigurationError(
      'expectStatements: expected a number of statements, or { atMost } with one, before the function.',
    )
  }
  const { statements, result } = await countStatements(fn, options)
  const met = typeof expected === 'object' ? statements.length <= limit : statements.length === limit
  if (!met) throw new StatementCountError(expected, statements)
  return result
}

/** What is running: whose statements it sends, and whether it is a pool that makes a connection. */
interface Call {
  readonly lists: readonly SentStatement[][]
  readonly settingUp?: boolean
}

/** What mysql2 tells of a statement. */
interface Sending {
  readonly query: string
  readonly database: string
}

const calls = new AsyncLocalStorage<Call | undefined>()
const wholeProcess = new Set<SentStatement[]>()
const queries = tracingChannel<unknown, Sending>('mysql2:query')
const executions = tracingChannel<unknown, Sending>('mysql2:execute')
const acquisitions = tracingChannel<unknown, object>('mysql2:pool:connect')

/** By mysql2's message about it: who waits for a connection. */
const waiting = new WeakMap<object, Call | undefined>()
let listeners = 0

/** Without listeners the channels cost nothing: they are heard as long as somebody counts. */
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
  if (lists.length === 0 || call?.settingUp || isHousekeeping(query)) return
  const statement: SentStatement = { text: textWithoutValues(query), prepared, database }
  for (const list of lists) list.push(statement)
}

function isHousekeeping(sql: string): boolean {
  return sql === TRACKED_SETUP || sql === PLAIN_SETUP || sql.startsWith(VERSIONS)
}

/** What is sent until the pool hands over the connection is the pool's listeners' own. */
function beginWaiting(message: object): Call {
  waiting.set(message, calls.getStore())
  return { lists: [], settingUp: true }
}

/** The connection may come from whoever gave it back, in whose context its next user would be. */
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
