import { ConfigurationError } from '../errors.ts'
import { noteStatements, type SentStatement } from './sent-statements.ts'
import { type ExpectedStatements, StatementCountError } from './statement-count-error.ts'

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
  const { result, statements } = await noteStatements(fn, of)
  return { count: statements.length, statements, result }
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
  if (!met) throw new StatementCountError(expected, statements)
  return result
}
