import {
  createExpiringCache as createRight,
  type ExpiringCacheOptions,
} from '../../../src/cache/expiring-cache.ts'

export * from '../../../src/cache/expiring-cache.ts'

/** Keeps what it has when this process has committed. */
export function createExpiringCache(options: ExpiringCacheOptions) {
  return Object.assign(createRight(options), { drop() {} })
}
