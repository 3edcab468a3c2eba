import { ageNow } from '../../../src/cache/age-clock.ts'
import {
  createExpiringCache as createRight,
  type ExpiringCacheOptions,
} from '../../../src/cache/expiring-cache.ts'

export * from '../../../src/cache/expiring-cache.ts'

/** Counts the age of an answer from when it has arrived. */
export function createExpiringCache(options: ExpiringCacheOptions) {
  const cache = createRight(options)
  const { accept } = cache
  return Object.assign(cache, {
    accept: (reading: Parameters<typeof accept>[0]) => accept({ ...reading, sentAt: ageNow() }),
  })
}
