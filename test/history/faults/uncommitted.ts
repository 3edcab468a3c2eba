export * from '../../../src/loading/table-source.ts'

import type { ProcessCache } from '../../../src/cache/process-cache.ts'
import {
  createTableSource as createRight,
  type TableSourceOptions,
} from '../../../src/loading/table-source.ts'

const caches = new Map<object, ProcessCache>()

/** Shares what a transaction reads. */
export function createTableSource(options: TableSourceOptions) {
  const { table, cache } = options
  if (cache) caches.set(table, cache)
  return createRight({ ...options, cache: cache ?? caches.get(table) })
}
