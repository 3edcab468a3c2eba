import { isDeepStrictEqual } from 'node:util'
import type { ExecutionArgs, ExecutionResult } from 'graphql'
import type { Lookups } from '../../comparison/lookups.ts'
import type { QueryCost, Way, WayCost } from '../live-events.ts'
import { countStatements, type SentStatements } from '../statement-count.ts'
import type { QueryContext } from './schema.ts'

/** For each way, new lookups for every query, as every request has them. */
export type LookupsByWay = Readonly<Record<Way, () => Lookups>>

type Execute = (args: ExecutionArgs) => ExecutionResult | Promise<ExecutionResult>

export interface MeasuredQuery {
  /** The service's response. */
  readonly answer: ExecutionResult
  readonly cost: QueryCost
}

/** Executes one query in every way, one after the other, and counts the statements of each. */
export async function measureQuery(options: {
  readonly args: ExecutionArgs
  readonly execute: Execute
  readonly lookups: LookupsByWay
}): Promise<MeasuredQuery> {
  const { args, execute, lookups } = options
  const answers: ExecutionResult[] = []
  const ways: WayCost[] = []
  for (const way of ['plain', 'request', 'process'] as const) {
    const contextValue: QueryContext = { ...(args.contextValue as object), lookups: lookups[way]() }
    const start = performance.now()
    const { result, statements } = await countStatements(async () => execute({ ...args, contextValue }))
    const milliseconds = performance.now() - start
    answers.push(result)
    ways.push({ way, milliseconds, ...summary(statements) })
    // If a query fails without kysely-lookup, or is too large, it is not tried with it.
    if (result.errors) break
  }
  const [first] = answers
  const answer = answers.at(-1)!
  return {
    answer,
    cost: { ways, sameAnswer: answers.every(({ data }) => isDeepStrictEqual(data, first!.data)) },
  }
}

function summary(sent: SentStatements): Pick<WayCost, 'statements' | 'texts'> {
  const texts = [...sent].map(([sql, count]) => ({ sql: sql.replace(/\s+/g, ' '), count }))
  const statements = texts.reduce((total, { count }) => total + count, 0)
  return { statements, texts: texts.sort((a, b) => b.count - a.count) }
}
