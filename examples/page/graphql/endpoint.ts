import { type ExecutionArgs, getOperationAST } from 'graphql'
import { createYoga, type Plugin } from 'graphql-yoga'
import type { QueryCost } from '../live-events.ts'
import { schema } from './schema.ts'
import { type LookupsByWay, measureQuery } from './ways.ts'

export interface EndpointOptions {
  readonly lookups: LookupsByWay
  /** Runs a measurement while nothing else sends statements. */
  readonly alone: <Result>(work: () => Promise<Result>) => Promise<Result>
  readonly measured: (cost: QueryCost) => void
}

/** Answers GraphQL queries. The response's `extensions` say what they cost in each way. */
export function createEndpoint(options: EndpointOptions) {
  return createYoga({
    schema,
    graphqlEndpoint: '/graphql',
    graphiql: false,
    landingPage: false,
    cors: false,
    logging: 'error',
    plugins: [measuring(options)],
  })
}

function measuring({ lookups, alone, measured }: EndpointOptions): Plugin {
  let before: Promise<unknown> = Promise.resolve()
  return {
    onExecute({ executeFn, setExecuteFn }) {
      setExecuteFn(async (args: ExecutionArgs) => {
        if (isIntrospection(args)) return executeFn(args)
        // One query at a time, so that each sees only its own statements.
        const measurement = before.then(() =>
          alone(() => measureQuery({ args, execute: executeFn, lookups })),
        )
        before = measurement.catch(() => {})
        const { answer, cost } = await measurement
        measured(cost)
        return { ...answer, extensions: { ...answer.extensions, statements: statementsByWay(cost) } }
      })
    },
  }
}

/** GraphiQL asks for the schema when it opens. */
function isIntrospection({ document, operationName }: ExecutionArgs): boolean {
  const operation = getOperationAST(document, operationName)
  return (
    operation?.selectionSet.selections.every(
      (selection) => selection.kind === 'Field' && selection.name.value.startsWith('__'),
    ) ?? false
  )
}

const NAMES = {
  plain: 'plain Kysely',
  request: 'kysely-lookup, per request',
  process: 'kysely-lookup, this service',
} as const

function statementsByWay({ ways }: QueryCost): Record<string, number> {
  return Object.fromEntries(ways.map(({ way, statements }) => [NAMES[way], statements]))
}
