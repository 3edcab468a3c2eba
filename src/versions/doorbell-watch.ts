import { AsyncLocalStorage } from 'node:async_hooks'
import { doorbellChannel, publish } from '../diagnostics/channels.ts'
import type { DoorbellMessage } from '../diagnostics/messages.ts'
import { ConfigurationError } from '../errors.ts'
import { createAnnouncer } from './announcer.ts'
import type { Doorbell, DoorbellListener, DoorbellSubscription } from './doorbell.ts'
import { createPacedLooks } from './paced-looks.ts'

export interface DoorbellWatchOptions {
  readonly doorbell: Doorbell | undefined
  /** Milliseconds between polls. */
  readonly pollInterval: number
  /** Reads the versions by a statement that is sent after the call, and answers whether any had moved. */
  look(): Promise<boolean>
  /** Drops what is held of these tables, of those that have no versions to look at. */
  drop(tables: readonly string[]): void
}

/** Looks at versions when the doorbell rings, and rings it for the other processes. */
export interface DoorbellWatch {
  /** Begins to listen; the process may exit all the same. */
  start(): void
  /** Whether the others can be rung for. */
  announces(): boolean
  /**
   * Rings for the others, which drop what they hold of these tables. Resolves when that is sent; what could not be sent
   * is sent when the doorbell listens again.
   */
  announce(tables: Iterable<string>): Promise<void>
  /** How often it rang, and how often it began to hear nothing. */
  readonly counts: { readonly rings: number; readonly doorbellOutages: number }
  /** Sends what is still to be sent, and ends. */
  stop(): Promise<void>
}

export function createDoorbellWatch(options: DoorbellWatchOptions): DoorbellWatch {
  const { doorbell, drop } = options
  const looks = createPacedLooks(options)
  // What a request happens to begin must not hold on to that request's scope.
  const outsideRequests = AsyncLocalStorage.snapshot()
  const counts = { rings: 0, doorbellOutages: 0 }
  let subscription: DoorbellSubscription | undefined
  let state: DoorbellMessage['state'] | undefined
  let stopped = false

  const announcer = createAnnouncer({
    send: async (note) => subscription?.announce?.(note),
    failed: (error) => listener.away(error),
  })

  const listener: DoorbellListener = {
    ring(note) {
      if (stopped) return
      counts.rings++
      const tables = tablesIn(note)
      if (tables.length > 0) drop(tables)
      looks.ask()
    },
    listening() {
      if (stopped) return
      if (state !== 'listening') publish(doorbellChannel, (): DoorbellMessage => ({ state: 'listening' }))
      state = 'listening'
      looks.ask()
      announcer.flush()
    },
    away(error) {
      if (stopped || state === 'away') return
      state = 'away'
      counts.doorbellOutages++
      publish(doorbellChannel, (): DoorbellMessage => ({ state: 'away', error }))
      // No call waits for the doorbell, so none could be rejected with it.
      if (error instanceof ConfigurationError) {
        process.emitWarning(error.message, { type: error.name, code: error.code })
      }
    },
  }

  function start(): void {
    if (subscription || stopped || !doorbell) return
    subscription = outsideRequests(() => doorbell.subscribe(listener))
  }

  return {
    start,
    announces() {
      start()
      return subscription?.announce !== undefined
    },
    async announce(tables) {
      start()
      if (subscription?.announce) await announcer.announce(tables)
    },
    counts,
    async stop() {
      await announcer.stop()
      stopped = true
      await looks.stop()
      await subscription?.close()
    },
  }
}

/** Others may ring too, with notes of their own. */
function tablesIn(note: string | undefined): string[] {
  if (!note) return []
  try {
    const tables: unknown = JSON.parse(note)
    return Array.isArray(tables) ? tables.filter((table) => typeof table === 'string') : []
  } catch {
    return []
  }
}
