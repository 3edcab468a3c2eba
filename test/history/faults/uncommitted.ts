export * from '../../../src/loading/row-source.ts'

import type { ProcessCache } from '../../../src/cache/process-cache.ts'
import { createRowSource as createRight, type RowSourceOptions } from '../../../src/loading/row-source.ts'

const caches = new Map<object, ProcessCache>()

/** Shares what a transaction reads. */
export function createRowSource(options: RowSourceOptions) {
  const { table, cache } = options
  if (cache) caches.set(table, cache)
  return createRight({ ...options, cache: cache ?? caches.get(table) })
}
