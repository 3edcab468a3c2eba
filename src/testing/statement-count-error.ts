import { LookupError } from '../errors.ts'
import type { SentStatement } from './sent-statements.ts'

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
 * The number of statements was not the expected one. The message lists them without their values.
 *
 * @example
 * ```ts
 * await expectStatements(1, () => repos.country.findByKey('FR')).catch((error: unknown) => {
 *   if (error instanceof StatementCountError) console.log(error.actual)
 * })
 * ```
 */
export class StatementCountError extends LookupError {
  /** What was expected. */
  readonly expected: ExpectedStatements
  /** The number of statements sent. */
  readonly actual: number
  /** The statements, in the order in which they were sent. */
  readonly statements: readonly SentStatement[]

  constructor(expected: ExpectedStatements, statements: readonly SentStatement[]) {
    super('KYSELY_LOOKUP_STATEMENT_COUNT', describe(expected, statements))
    this.expected = expected
    this.actual = statements.length
    this.statements = statements
  }
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
