import type { KeyDefinition } from '../keys/key.ts'
import type { Lifetime } from './age.ts'
import { ageNow } from './age-clock.ts'
import { type DueReads, dueReads } from './due-reads.ts'
import { type AgingAnswer, createExpiringGeneration, type ExpiringGeneration } from './expiring-generation.ts'
import type { Publication } from './generation.ts'
import type { Reading, SharedCache, SharedCacheOptions } from './shared-cache.ts'

/** What the process shares of a table without a version: what was read is answered for a time. */
export interface ExpiringCache extends SharedCache {
  readonly mode: 'expiring'
  readonly current: ExpiringGeneration
  readonly lifetime: Lifetime
  /** Told when something is due, after nothing was. */
  onDue: (() => void) | undefined
  /** Whether something is due. */
  isDue(): boolean
  /** What has been asked for after `refreshAfter`. It is due again if it is asked for again after `settle`. */
  takeDue(): { readonly reads: DueReads; settle(): void } | undefined
}

export interface ExpiringCacheOptions extends SharedCacheOptions {
  readonly lifetime: Lifetime
}

/** The cache of one table, empty. */
export function createExpiringCache(options: ExpiringCacheOptions): ExpiringCache {
  const { maxRows, keys, counters, events, lifetime } = options
  const shared = { ...options, asked: new Set<KeyDefinition>(), due }
  let waiting: AgingAnswer[] = []
  /** What may join a statement is younger than `maxAge`, also at its oldest. */
  const span = Math.max(1, lifetime.maxAge - 1)

  const first = createExpiringGeneration(shared)
  const cache = {
    mode: 'expiring' as const,
    maxRows,
    lifetime,
    current: first,
    hits: first.hits,
    peeks: first.peeks,
    divergedScopes: 0,
    epoch: 0,
    refusing: false,
    send: () => ({ epoch: cache.epoch, floor: 0, sentAt: ageNow() }),
    onDue: undefined as (() => void) | undefined,
    accept({ epoch, sentAt }: Reading): Publication | undefined {
      return epoch === cache.epoch ? cache.current.publication(sentAt) : undefined
    },
    fence: () => `${cache.epoch} ${Math.floor(ageNow() / span)}`,
    drop(): void {
      cache.epoch++
      waiting = []
      cache.current = createExpiringGeneration(shared)
      cache.hits = cache.current.hits
      cache.peeks = cache.current.peeks
      events.opened({ rows: counters.rowsHeld })
      counters.generations++
      counters.rowsHeld = 0
    },
    isDue: () => waiting.length > 0,
    takeDue() {
      const answers = waiting
      if (answers.length === 0) return undefined
      waiting = []
      return {
        reads: dueReads(answers, keys),
        settle() {
          for (const answer of answers) answer.due = false
        },
      }
    },
  }

  function due(answer: AgingAnswer): void {
    waiting.push(answer)
    if (waiting.length === 1) cache.onDue?.()
  }

  return cache
}
