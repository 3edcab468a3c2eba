import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import type { FollowedCache } from '../cache/process-cache.ts'
import { coalesce } from '../database/coalesce.ts'
import { withinDeadline } from '../database/deadline.ts'
import { createExecute, type Execute } from '../database/execute.ts'
import { expectAdapter, ownDatabase } from '../database/lookup-adapter.ts'
import { pollChannel, trace } from '../diagnostics/channels.ts'
import type { ConfigurationError } from '../errors.ts'
import type { GuardedTable } from './guard-faults.ts'
import { VERSIONS } from './poll-sql.ts'
import { StructureWatch } from './structure-watch.ts'
import { SLOTS, VERSION_TABLE } from './version-table.ts'

/** A set of repositories that follows versions. */
export interface Follower {
  /** By table name the cache that follows its version. */
  readonly tables: ReadonlyMap<string, FollowedCache>
  /** Milliseconds. */
  readonly pollInterval: number
  readonly pollTimeout: number
  /** Told when (of `performance.now`) a statement was sent that has verified the versions. */
  verified(sentAt: number): void
}

/** Answers why changes of the table could go unnoticed; undefined where they cannot. */
export type GuardReader = (
  db: Kysely<unknown>,
  guarded: GuardedTable,
) => Promise<ConfigurationError | undefined>

// A longer one would fire at once.
const LONGEST_TIMER = 2 ** 31 - 1

// A timer started in a request would hold on to that request's scope.
const outsideRequests = AsyncLocalStorage.snapshot()

const feeds = new WeakMap<object, VersionFeed>()

/** The polls of a database, which all its sets of repositories share. */
export function versionFeedOf(db: Kysely<unknown>, readGuard: GuardReader): VersionFeed {
  const adapter = expectAdapter(db)
  let feed = feeds.get(adapter)
  if (!feed) {
    feed = new VersionFeed(db, readGuard)
    feeds.set(adapter, feed)
  }
  return feed
}

/** Reads the versions of one database: one statement for all who follow them, at the shortest of their intervals. */
export class VersionFeed {
  /** Reads the versions by a statement that is sent after the call. One at a time: an answer never overtakes another. */
  readonly look: () => Promise<void>
  readonly #db: Kysely<unknown>
  readonly #readGuard: GuardReader
  readonly #structure = new StructureWatch()
  readonly #followers = new Set<Follower>()
  readonly #polling = new Set<Follower>()
  #timer: NodeJS.Timeout | undefined
  #began = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined

  constructor(db: Kysely<unknown>, readGuard: GuardReader) {
    this.#db = db
    this.#readGuard = readGuard
    this.look = coalesce(async (before) => {
      await before
      this.#looking = this.#look()
      await this.#looking
    })
  }

  /** From now on, looks concern the follower too. */
  join(follower: Follower): void {
    this.#followers.add(follower)
  }

  /** Polls for the follower; the process may exit all the same. */
  poll(follower: Follower): void {
    this.#polling.add(follower)
    this.#schedule()
  }

  /** Resolves when nothing is under way that concerns the follower. */
  async leave(follower: Follower): Promise<void> {
    this.#followers.delete(follower)
    this.#polling.delete(follower)
    this.#schedule()
    await this.#looking?.catch(() => {})
  }

  /** The interval is from the last look's beginning: what it takes itself adds nothing to it. */
  #schedule(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#polling.size === 0) return
    const interval = shortest(this.#polling, 'pollInterval') * (0.9 + Math.random() * 0.2)
    const wait = Math.max(0, this.#began + interval - performance.now())
    const poll = () => {
      this.look()
        .catch(() => {})
        .finally(() => this.#schedule())
    }
    this.#timer = outsideRequests(() => setTimeout(poll, Math.min(wait, LONGEST_TIMER)).unref())
  }

  async #look(): Promise<void> {
    const followers = [...this.#followers]
    if (followers.length === 0) return
    const sentAt = performance.now()
    this.#began = sentAt
    const names = new Set(followers.flatMap(({ tables }) => [...tables.keys()]))
    const followed = new Map(
      [...names].map((name) => [name, followers.flatMap(({ tables }) => tables.get(name) ?? [])] as const),
    )
    const read = () => this.#read(followed, sentAt + shortest(followers, 'pollTimeout'))
    if (pollChannel.hasSubscribers) await trace(pollChannel, { tables: [...names] }, read)
    else await read()
    for (const follower of followers) if (this.#followers.has(follower)) follower.verified(sentAt)
  }

  /** @param due when (of `performance.now`) everything has to be read */
  async #read(followed: ReadonlyMap<string, readonly FollowedCache[]>, due: number): Promise<void> {
    const limit = () => ({ what: 'versions', timeout: Math.max(1, due - performance.now()) })
    const execute: Execute = (statement, values) =>
      createExecute(this.#db, { ...limit(), table: VERSION_TABLE })(statement, values)
    const tracked = new Set<string>()
    const incomplete = new Set<string>()
    const rows = await execute(VERSIONS, [])
    for (const [name, version, slots] of rows) {
      const table = String(name)
      tracked.add(table)
      if (Number(slots) !== SLOTS) incomplete.add(table)
      for (const cache of followed.get(table) ?? []) cache.observe(Number(version))
    }
    // Nobody knows whether a table has changed whose version rows are gone.
    for (const [table, caches] of followed) {
      if (!tracked.has(table) && caches.some(({ mode }) => mode === 'versioned')) incomplete.add(table)
    }
    await this.#structure.look({
      ...{ execute, followed, tracked, incomplete },
      server: rows.length > 0 ? String(rows[0]![3]) : undefined,
      check: (guarded) => withinDeadline(limit(), () => this.#readGuard(ownDatabase(this.#db), guarded)),
    })
  }
}

function shortest(followers: Iterable<Follower>, name: 'pollInterval' | 'pollTimeout'): number {
  return Math.min(...[...followers].map((follower) => follower[name]))
}
