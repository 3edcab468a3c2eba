import type { Kysely } from 'kysely'
import type { ResolvedOptions } from './options.ts'
import type { TablesMetadata } from './table.ts'

/** What repositories were made of, for tools such as `kysely-lookup check`. */
export interface Assembly {
  readonly db: Kysely<unknown>
  readonly tables: TablesMetadata
  readonly settings: ResolvedOptions
}

/** Registered, for the tool may have been loaded from another copy of this library than the repositories. */
export const ASSEMBLY = Symbol.for('kysely-lookup.assembly')

/** What `value` was made of; undefined where it is no `Repositories`. */
export function assemblyOf(value: unknown): Assembly | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as { readonly [ASSEMBLY]?: Assembly })[ASSEMBLY]
}
