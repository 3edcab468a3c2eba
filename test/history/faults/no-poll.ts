import {
  createProcessCache as createRight,
  type ProcessCacheOptions,
} from '../../../src/cache/process-cache.ts'

export * from '../../../src/cache/process-cache.ts'

/** Takes no note of what polls find. */
export function createProcessCache(options: ProcessCacheOptions) {
  return Object.create(createRight(options), { observe: { value: () => {} } })
}
