import {
  createProcessCache as createRight,
  type ProcessCacheOptions,
} from '../../../src/cache/process-cache.ts'

export * from '../../../src/cache/process-cache.ts'

/** Shares whatever a load brings, also what was read before the version that the process knows. */
export function createProcessCache(options: ProcessCacheOptions) {
  const cache = createRight(options)
  const accept: typeof cache.accept = (reading) =>
    cache.current.version === undefined ? cache.accept(reading) : cache.current
  return Object.create(cache, { accept: { value: accept } })
}
