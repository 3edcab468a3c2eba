export * from '../../../src/loading/server-reads.ts'

import type { ProcessCache } from '../../../src/cache/process-cache.ts'
import {
  createServerReads as createRight,
  type ServerReadsOptions,
} from '../../../src/loading/server-reads.ts'

const caches = new Map<object, ProcessCache>()

/** Shares what a transaction reads. */
export function createServerReads(options: ServerReadsOptions) {
  const { table, cache } = options
  if (cache) caches.set(table, cache)
  return createRight({ ...options, cache: cache ?? caches.get(table) })
}
