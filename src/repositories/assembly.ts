import type { Kysely } from 'kysely'
import type { TablesMetadata } from '../metadata.ts'
import type { ResolvedOptions } from './resolved-options.ts'

/** What repositories were made of, for `kysely-lookup check` and `kysely-lookup/testing`. */
export interface Assembly {
  readonly db: Kysely<unknown>
  readonly tables: TablesMetadata
  readonly settings: ResolvedOptions
  /** Empties the process-wide caches. */
  dropCaches(): void
}

/** Registered, because the tool may come from another copy of this library than the repositories. */
export const ASSEMBLY = Symbol.for('kysely-lookup.assembly')

/** What `value` was made of; undefined if `createRepositories` did not make it. */
export function assemblyOf(value: unknown): Assembly | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as { readonly [ASSEMBLY]?: Assembly })[ASSEMBLY]
}
