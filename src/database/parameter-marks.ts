import type { ProgramSession, SessionNeeds } from './program-session.ts'

/*
 * Kysely hands a compiled query's parameters to the connection untouched, so a mark on them travels through its executor.
 */

/** A lookup in a transaction, as its connection sees it. */
export interface LookupMark extends SessionNeeds {
  /** Told in which session it runs. */
  readonly ranIn?: ((session: ProgramSession) => void) | undefined
}

// Registered: another copy of this library may have made the connection.
const lookup: unique symbol = Symbol.for('kysely-lookup:lookup')

/** Parameters of a lookup: it is prepared, its rows are answered as arrays. */
export function lookupParameters(values: readonly unknown[], mark: LookupMark): readonly unknown[] {
  return Object.assign([...values], { [lookup]: mark })
}

/** The mark of parameters that belong to a lookup. */
export function lookupIn(parameters: unknown): LookupMark | undefined {
  return Array.isArray(parameters) ? (parameters as { readonly [lookup]?: LookupMark })[lookup] : undefined
}

const write: unique symbol = Symbol.for('kysely-lookup:write')

/** Parameters of a repository's write: its session is checked before. */
export function writeParameters(values: readonly unknown[], needs: SessionNeeds): readonly unknown[] {
  return Object.assign([...values], { [write]: needs })
}

/** What a write needs whose parameters these are. */
export function writeIn(parameters: unknown): SessionNeeds | undefined {
  return Array.isArray(parameters) ? (parameters as { readonly [write]?: SessionNeeds })[write] : undefined
}

const description = Symbol.for('kysely-lookup:description')

/** Parameters of a statement whose result is to be described: its fields are answered, one in each row. */
export const descriptionParameters: readonly unknown[] = Object.assign([], { [description]: true })

export function isDescription(parameters: unknown): boolean {
  return Array.isArray(parameters) && description in parameters
}
