import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import type { FollowedCache } from '../cache/process-cache.ts'
import { coalesce } from '../database/coalesce.ts'
import { withinDeadline } from '../database/deadline.ts'
import { createExecute, type Execute } from '../database/execute.ts'
import { expectAdapter, ownDatabase } from '../database/lookup-adapter.ts'
import { pollChannel, trace } from '../diagnostics/channels.ts'
import type { ConfigurationError } from '../errors.ts'
import type { MachineRecords } from '../store/store.ts'
import type { Followed, GuardedTable } from './guard-faults.ts'
import { machineClock } from './machine-clock.ts'
import { MachinePolls, type PollSending, type SharedPoll } from './machine-polls.ts'
import { readServerIdentity } from './server-identity.ts'
import { StructureWatch } from './structure-watch.ts'
import { answeredFromCache, VersionReader, versionAnswer } from './version-reader.ts'
import { VERSION_TABLE } from './version-table.ts'

/** A set of repositories that follows versions. */
export interface Follower {
  /** By table name the cache that follows its version. */
  readonly tables: ReadonlyMap<string, FollowedCache>
  /** Milliseconds. */
  readonly pollInterval: number
  readonly pollTimeout: number
  /** Where the processes of the machine tell each other what polls have read, if they do. */
  readonly machine?: MachineRecords | undefined
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

/** When (in intervals) the next poll is due: of processes that share polls, the last one to poll does it again as a rule. */
const DUE = { alone: [0.9, 1.1], leading: [0.9, 0.95], following: [1, 1.1] } as const

/** Reads the versions of one database: one statement for all who follow them, at the shortest of their intervals. */
export class VersionFeed {
  readonly #db: Kysely<unknown>
  readonly #readGuard: GuardReader
  readonly #structure = new StructureWatch()
  readonly #followers = new Set<Follower>()
  /** What they follow, until another one comes or goes. */
  #followed: Followed | undefined
  readonly #polling = new Set<Follower>()
  readonly #shared: MachinePolls
  readonly #lookNext: () => Promise<void>
  readonly #reader = new VersionReader()
  /** What was read last. */
  #answer = versionAnswer(undefined, [])
  #timer: NodeJS.Timeout | undefined
  #began = Number.NEGATIVE_INFINITY
  #isFollowing = false
  #looking: Promise<void> | undefined

  constructor(db: Kysely<unknown>, readGuard: GuardReader) {
    this.#db = db
    this.#readGuard = readGuard
    const { lookups } = expectAdapter(db)
    this.#shared = new MachinePolls({
      clock: machineClock(),
      places: () => new Set([...this.#followers].flatMap(({ machine }) => machine ?? [])),
      connections: () => lookups.opened,
    })
    this.#lookNext = coalesce(async (before) => {
      await before
      while (this.#looking) await this.#looking.catch(() => {})
      await this.#run()
    })
  }

  /** Reads the versions by a statement that is sent after the call. One at a time: an answer never overtakes another. */
  look(): Promise<void> {
    this.#shared.refuseEarlier()
    return this.#lookNext()
  }

  /** This process has written: what others have read before is not taken over any more. */
  wrote(): void {
    this.#shared.refuseEarlier()
  }

  /** From now on, looks concern the follower too. */
  join(follower: Follower): void {
    this.#followers.add(follower)
    this.#followed = undefined
  }

  /** Polls for the follower; the process may exit all the same. */
  poll(follower: Follower): void {
    this.#polling.add(follower)
    this.#schedule()
  }

  /** Resolves when nothing is under way that concerns the follower. */
  async leave(follower: Follower): Promise<void> {
    this.#followers.delete(follower)
    this.#followed = undefined
    this.#polling.delete(follower)
    this.#schedule()
    await this.#looking?.catch(() => {})
  }

  /** The interval is from the last look's beginning: what it takes itself adds nothing to it. */
  #schedule(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#polling.size === 0) return
    const [from, to] = DUE[!this.#shared.isShared ? 'alone' : this.#isFollowing ? 'following' : 'leading']
    const interval = shortest(this.#polling, 'pollInterval') * (from + Math.random() * (to - from))
    const rechecks = [...this.#allFollowed().values()].flat().map(({ recheckAt }) => recheckAt ?? 0)
    const due = Math.min(this.#began + interval, ...rechecks.filter((at) => at > this.#began))
    const wait = Math.max(0, due - performance.now())
    const poll = () => {
      this.#poll()
        .catch(() => {})
        .finally(() => this.#schedule())
    }
    this.#timer = outsideRequests(() => setTimeout(poll, Math.min(wait, LONGEST_TIMER)).unref())
  }

  /** Another process of the machine may have done it meanwhile. */
  #poll(): Promise<void> {
    const shared = this.#looking ? undefined : this.#shared.newest(shortest(this.#polling, 'pollInterval'))
    return shared && this.#isPlain(shared) ? this.#run(shared) : this.look()
  }

  /** Whether it says no less than this process knows: what may be a restore, or a fault, it reads for itself. */
  #isPlain({ server, rows }: SharedPoll): boolean {
    const { versions, incomplete } = versionAnswer(server, rows)
    return [...this.#allFollowed()].every(([table, caches]) => {
      const known = this.#answer.versions.get(table)
      const version = incomplete.has(table) ? undefined : versions.get(table)
      if (version !== undefined) return version >= Math.max(known ?? 0, ...caches.map(({ floor }) => floor))
      return known === undefined && caches.every(({ mode }) => mode === 'immutable')
    })
  }

  #allFollowed(): Followed {
    this.#followed ??= followedBy(this.#followers)
    return this.#followed
  }

  #run(shared?: SharedPoll): Promise<void> {
    const run = this.#look(shared).finally(() => {
      this.#looking = undefined
    })
    this.#looking = run
    return run
  }

  async #look(shared: SharedPoll | undefined): Promise<void> {
    const followers = [...this.#followers]
    if (followers.length === 0) return
    const now = performance.now()
    const sending = shared ? undefined : this.#shared.begin()
    const sentAt = shared?.sentAt ?? now
    this.#began = sentAt
    this.#isFollowing = shared !== undefined
    const followed = this.#allFollowed()
    const due = now + shortest(followers, 'pollTimeout')
    const read = () => this.#read({ followed, due, shared, sending })
    if (!shared && pollChannel.hasSubscribers)
      await trace(pollChannel, { tables: [...followed.keys()] }, read)
    else await read()
    for (const follower of followers) if (this.#followers.has(follower)) follower.verified(sentAt)
  }

  async #read({ followed, due, shared, sending }: Reading): Promise<void> {
    const limit = () => ({ what: 'versions', timeout: Math.max(1, due - performance.now()) })
    const execute: Execute = (statement, values) =>
      createExecute(this.#db, { ...limit(), table: VERSION_TABLE })(statement, values)
    const own = <Result>(work: (db: Kysely<unknown>) => Promise<Result>) =>
      withinDeadline(limit(), () => work(ownDatabase(this.#db)))
    const answer = shared ? versionAnswer(shared.server, shared.rows) : await this.#reader.read(execute)
    const { server, rows, versions } = answer
    this.#answer = answer
    const isRepeated = !shared && this.#reader.isRepeated
    const incomplete = new Set(isRepeated ? versions.keys() : answer.incomplete)
    for (const [table, caches] of followed) {
      const version = versions.get(table)
      for (const cache of caches) {
        if (version !== undefined) cache.observe(version)
        // Nobody knows whether a table has changed whose version rows are gone.
        else if (cache.mode === 'versioned') incomplete.add(table)
      }
    }
    await this.#structure.look({
      ...{ execute, followed, incomplete, server },
      tracked: versions,
      shared: shared && { ...shared, patience: 2.5 * shortest(this.#followers, 'pollInterval') },
      check: (guarded) =>
        isRepeated ? Promise.resolve(answeredFromCache()) : own((db) => this.#readGuard(db, guarded)),
      counted: async (counters) => {
        if (!sending || server === undefined) return
        await this.#shared.publish(sending, { server, rows, counters }, () => own(readServerIdentity))
      },
    })
  }
}

interface Reading {
  readonly followed: Followed
  /** When (of `performance.now`) everything has to be read. */
  readonly due: number
  /** What another process has read already. */
  readonly shared: SharedPoll | undefined
  /** Undefined where this process tells nobody. */
  readonly sending: PollSending | undefined
}

function followedBy(followers: Iterable<Follower>): Followed {
  const all = [...followers]
  const names = new Set(all.flatMap(({ tables }) => [...tables.keys()]))
  return new Map([...names].map((name) => [name, all.flatMap(({ tables }) => tables.get(name) ?? [])]))
}

function shortest(followers: Iterable<Follower>, name: 'pollInterval' | 'pollTimeout'): number {
  return Math.min(...[...followers].map((follower) => follower[name]))
}
