import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'

/** The SELECTs that some work has sent, by text. */
export type SentStatements = ReadonlyMap<string, number>

const counting = new AsyncLocalStorage<Map<string, number>>()

function count(sql: string): void {
  const texts = counting.getStore()
  // Setting up a new connection is not part of the work.
  if (texts && /^\s*select\b.*\bfrom\b/is.test(sql)) texts.set(sql, (texts.get(sql) ?? 0) + 1)
}

/** In the text protocol, values are part of the text. Statements that differ only in values count as one text. */
function withoutValues(sql: string): string {
  return sql.replace(/'(?:[^'\\]|\\.|'')*'|\b\d+\b/g, '?')
}

// mysql2 publishes every statement before it is sent, in the context of its caller.
subscribe('tracing:mysql2:query:start', (message) =>
  count(withoutValues((message as { query: string }).query)),
)
subscribe('tracing:mysql2:execute:start', (message) => count((message as { query: string }).query))

/** Runs `work` and counts the SELECTs that are sent for it. */
export async function countStatements<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly statements: SentStatements }> {
  const statements = new Map<string, number>()
  const result = await counting.run(statements, work)
  return { result, statements }
}
