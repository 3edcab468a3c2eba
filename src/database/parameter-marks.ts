import type { SessionState } from './session-tracking.ts'

/*
 * Kysely hands a compiled query's parameters to the connection untouched, so a mark on them travels through its executor.
 */

/** Told in which session a lookup runs. */
export type SessionListener = (session: SessionState) => void

const lookup = Symbol('lookup')

interface LookupParameters extends ReadonlyArray<unknown> {
  readonly [lookup]: SessionListener | undefined
}

/** Parameters of a statement that is to be prepared, its rows answered as arrays. */
export function lookupParameters(values: readonly unknown[], ranIn?: SessionListener): readonly unknown[] {
  return Object.assign([...values], { [lookup]: ranIn })
}

/** Whether a statement is a lookup; who wants to know its session is told. */
export function isLookup(
  parameters: unknown,
  session: SessionState | undefined,
): parameters is readonly unknown[] {
  if (!Array.isArray(parameters) || !(lookup in parameters)) return false
  if (session) (parameters as unknown as LookupParameters)[lookup]?.(session)
  return true
}

// Another copy of this library may have made the connection, as for a command that loads a project's own Kysely.
const description = Symbol.for('kysely-lookup:description')

/** Parameters of a statement whose result is to be described: its fields are answered, one in each row. */
export const descriptionParameters: readonly unknown[] = Object.assign([], { [description]: true })

export function isDescription(parameters: unknown): boolean {
  return Array.isArray(parameters) && description in parameters
}
