import { AsyncLocalStorage } from 'node:async_hooks'
import type { DueReads } from '../cache/due-reads.ts'
import type { ExpiringCache } from '../cache/expiring-cache.ts'
import { refreshChannel, trace } from '../diagnostics/channels.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'

/** Reads what is held once more. What it answers is published on its way; Errors concern their key alone. */
export interface ReadsAhead {
  rows(definition: KeyDefinition, keys: readonly Key[]): Promise<readonly unknown[]>
  lists(definition: KeyDefinition, keys: readonly Key[]): Promise<readonly unknown[]>
  table(): Promise<unknown>
}

export interface RefresherOptions {
  /** The table, for messages. */
  readonly table: string
  readonly cache: ExpiringCache
  readonly refreshAfter: number
  readonly reads: ReadsAhead
  readonly counters: Counters
}

/** Reads in the background what has been asked for after `refreshAfter`. */
export interface Refresher {
  stop(): Promise<void>
}

/** How many times a refresh may fail before what it was to replace has expired. */
const TRIES = 4

/** One refresh of the table is under way at a time. It waits a little for what else is due, and not as long as others do. */
export function createRefresher(options: RefresherOptions): Refresher {
  const { table, cache, refreshAfter, reads, counters } = options
  const left = cache.lifetime.maxAge - refreshAfter
  const patience = Math.min(refreshAfter / 10, left / 2)
  // A timer started in a request would hold on to that request's scope.
  const outsideRequests = AsyncLocalStorage.snapshot()
  let timer: NodeJS.Timeout | undefined
  let refreshing: Promise<void> | undefined
  let failed = false
  let stopped = false

  function schedule(): void {
    if (timer || refreshing || stopped) return
    const delay = (failed ? left / TRIES : 0) + patience * Math.random()
    timer = outsideRequests(() => setTimeout(begin, delay).unref())
  }

  function begin(): void {
    timer = undefined
    refreshing = refresh().finally(() => {
      refreshing = undefined
      if (cache.isDue()) schedule()
    })
  }

  async function refresh(): Promise<void> {
    const due = cache.takeDue()
    if (!due) return
    counters.refreshes++
    try {
      await readTraced(due.reads)
      failed = false
    } catch {
      // What is held is answered until it expires, and is due again when it is asked for.
      counters.refreshFailures++
      failed = true
    }
    due.settle()
  }

  function readTraced(due: DueReads): Promise<void> {
    if (!refreshChannel.hasSubscribers) return read(due)
    return trace(refreshChannel, { table, keys: sizeOf(due.rows) + sizeOf(due.lists) }, () => read(due))
  }

  async function read({ rows, lists, table }: DueReads): Promise<void> {
    const answers = await Promise.all([
      ...Array.from(rows, ([definition, keys]) => reads.rows(definition, keys)),
      ...Array.from(lists, ([definition, keys]) => reads.lists(definition, keys)),
      ...(table ? [reads.table().then(() => [])] : []),
    ])
    const failure = answers.flat().find((answer) => answer instanceof Error)
    if (failure) throw failure
  }

  cache.onDue = schedule
  return {
    async stop() {
      stopped = true
      clearTimeout(timer)
      await refreshing
    },
  }
}

function sizeOf(keys: ReadonlyMap<KeyDefinition, readonly Key[]>): number {
  return [...keys.values()].reduce((sum, { length }) => sum + length, 0)
}
