import { evictChannel, generationChannel, publish } from './channels.ts'
import type { GenerationMessage } from './messages.ts'

/** Publishes what happens to a table's process-wide cache. */
export interface CacheEvents {
  /** When (by `performance.now`) the current version was first held. */
  readonly since: number
  /** A row was evicted. */
  evicted(): void
  /** A new generation replaced the old one. */
  opened(change: Omit<GenerationMessage, 'table'>): void
}

export function createCacheEvents(table: string): CacheEvents {
  let since = 0
  return {
    get since() {
      return since
    },
    evicted() {
      publish(evictChannel, () => ({ table }))
    },
    opened(change) {
      since = performance.now()
      publish(generationChannel, (): GenerationMessage => ({ table, ...change }))
    },
  }
}
