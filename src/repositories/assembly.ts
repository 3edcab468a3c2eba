import type { Kysely } from 'kysely'
import type { ProcessCache } from '../cache/process-cache.ts'
import type { TablesMetadata } from '../metadata.ts'
import type { ResolvedOptions } from './resolved-options.ts'

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

const caches = new WeakMap<object, () => void>()

/** Remembers how the process-wide caches of repositories are emptied. */
export function rememberCaches(repositories: object, shared: Iterable<ProcessCache>): void {
  const all = [...shared]
  caches.set(repositories, () => {
    for (const cache of all) cache.drop()
  })
}

/** Empties the process-wide caches of what `createRepositories` made; undefined for anything else. */
export function cacheDropper(repositories: object): (() => void) | undefined {
  return caches.get(repositories)
}
