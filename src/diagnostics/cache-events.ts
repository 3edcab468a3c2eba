import { evictChannel, type GenerationMessage, generationChannel, publish } from './channels.ts'

/** What happens to a table's process-wide cache, told to those who listen. */
export interface CacheEvents {
  /** When (of `performance.now`) the version that is held was first held. */
  readonly since: number
  /** A row was dropped to make room. */
  evicted(): void
  /** A generation was left for another. */
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
