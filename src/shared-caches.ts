import type { ProcessCache } from './process-cache.ts'

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
