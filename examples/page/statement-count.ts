import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'

/** The SELECTs that a piece of work has sent, by text. */
export type SentStatements = ReadonlyMap<string, number>

const sent = new AsyncLocalStorage<Map<string, number>>()

function count(message: unknown): void {
  const texts = sent.getStore()
  if (!texts) return
  const sql = String((message as { query?: unknown }).query)
  // What a new connection is set up with is not the work's own.
  if (!/^\s*select\b.*\bfrom\b/is.test(sql)) return
  texts.set(sql, (texts.get(sql) ?? 0) + 1)
}

// mysql2 tells of every statement before it is sent, in the context of whoever asked for it.
subscribe('tracing:mysql2:query:start', count)
subscribe('tracing:mysql2:execute:start', count)

/** Runs `work` and counts the SELECTs that are sent meanwhile on its behalf. */
export async function countStatements<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly statements: SentStatements }> {
  const statements = new Map<string, number>()
  const result = await sent.run(statements, work)
  return { result, statements }
}
