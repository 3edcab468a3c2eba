import {
  createProcessCache as createRight,
  type ProcessCacheOptions,
} from '../../../src/cache/process-cache.ts'

export * from '../../../src/cache/process-cache.ts'

/** Keeps what it has when this process has committed. */
export function createProcessCache(options: ProcessCacheOptions) {
  return Object.create(createRight(options), { drop: { value: () => {} } })
}
