import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import type { FollowedCache } from '../cache/process-cache.ts'
import { ER_NO_SUCH_TABLE, errorNumber } from '../database/server-errors.ts'
import { publish, unverifiedChannel, verifiedChannel } from '../diagnostics/channels.ts'
import type { MachineRecords } from '../store/store.ts'
import type { Doorbell } from './doorbell.ts'
import type { Follower } from './followers.ts'
import { type GuardReader, versionFeedOf } from './version-feed.ts'
import { deniedVersions } from './version-table.ts'

/**
 * How the versions of `versioned` tables are followed.
 *
 * @example
 * ```ts
 * createRepositories({ db, tables, versions: { pollInterval: 500, whenUnverified: 'refuse' } })
 * ```
 */
export interface VersionOptions {
  /**
   * Milliseconds between polls, plus or minus a tenth (default 1,000). One statement reads the versions of all tables.
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, versions: { pollInterval: 500 } })
   * ```
   */
  readonly pollInterval?: number
  /**
   * Milliseconds that a poll may take before it counts as failed (default 5,000).
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, versions: { pollTimeout: 2_000 } })
   * ```
   */
  readonly pollTimeout?: number
  /**
   * What to do when versions could not be verified for `maxUnverified` ms: `'serve'` cached rows (default), or `'refuse'` to, so
   * that every read goes to the server.
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, versions: { whenUnverified: 'refuse' } })
   * ```
   */
  readonly whenUnverified?: 'serve' | 'refuse'
  /**
   * Milliseconds for which versions may stay unverified before `whenUnverified` applies (default 10,000).
   *
   * @example
   * ```ts
   * createRepositories({ db, tables, versions: { whenUnverified: 'refuse', maxUnverified: 5_000 } })
   * ```
   */
  readonly maxUnverified?: number
  /**
   * What tells this process that a table may have changed, so that it looks at once and not at the next poll (default none). It is
   * rung after each commit through these repositories, where it can be. Polls go on as without it.
   *
   * @example
   * ```ts
   * import { redisDoorbell } from 'kysely-lookup/redis'
   *
   * createRepositories({ db, tables, versions: { doorbell: redisDoorbell({ url: process.env.REDIS_URL }) } })
   * ```
   */
  readonly doorbell?: Doorbell
}

/** With defaults. */
export type ResolvedVersionOptions = Required<Omit<VersionOptions, 'doorbell'>> & {
  readonly doorbell?: Doorbell
}

export const VERSION_DEFAULTS: Omit<ResolvedVersionOptions, 'doorbell'> = {
  pollInterval: 1_000,
  pollTimeout: 5_000,
  whenUnverified: 'serve',
  maxUnverified: 10_000,
}

/** Keeps the process-wide caches at the versions that their tables have. */
export interface VersionWatch {
  /** Reads the versions and begins to poll; the process may exit all the same. */
  start(): Promise<void>
  /** Reads the versions by a statement that is sent after the call; nothing where nothing was read yet that it could concern. */
  look(): Promise<void>
  /** To be called after a commit of this process: nothing that others have read before is taken over. */
  wrote(): void
  stop(): Promise<void>
  /** When (of `performance.now`) the last statement that verified versions was sent. */
  verifiedAt(): number | undefined
}

// A timer started in a request would hold on to that request's scope.
const outsideRequests = AsyncLocalStorage.snapshot()

export function createVersionWatch(options: {
  readonly db: Kysely<unknown>
  /** By table name the cache that follows its version. */
  readonly tables: ReadonlyMap<string, FollowedCache>
  readonly settings: ResolvedVersionOptions
  readonly readGuard: GuardReader
  /** Where the processes of the machine share what polls have read, if they do. */
  readonly machine?: MachineRecords | undefined
  /** Told whenever versions were verified. */
  verified?(): void
}): VersionWatch {
  const { db, tables, settings, readGuard } = options
  const feed = versionFeedOf(db, readGuard)
  const versioned = [...tables].filter(([, { mode }]) => mode === 'versioned')
  const versionedNames = versioned.map(([name]) => name)
  const someVersioned = versioned.length > 0
  let trust: NodeJS.Timeout | undefined
  let beginning: Promise<void> | undefined
  let verifiedAt: number | undefined
  let distrusted = false
  let state: 'idle' | 'running' | 'stopped' = 'idle'

  const follower: Follower = {
    tables,
    pollInterval: settings.pollInterval,
    pollTimeout: settings.pollTimeout,
    machine: options.machine,
    verified,
  }

  /** Hits are answered until nothing has been verified for too long: what a poll says was true when it was sent. */
  function verified(sentAt: number): void {
    verifiedAt = sentAt
    if (distrusted) regainTrust()
    options.verified?.()
    if (someVersioned) trust ??= startTrust(sentAt)
  }

  function regainTrust(): void {
    for (const cache of tables.values()) cache.trust()
    distrusted = false
    publish(verifiedChannel, () => ({ tables: versionedNames }))
  }

  function startTrust(from: number): NodeJS.Timeout {
    const trusted = Math.max(0, from + settings.maxUnverified - performance.now())
    return outsideRequests(() => setTimeout(expire, trusted).unref())
  }

  /** The timer goes on when versions were verified meanwhile: to stop it and to start it with each poll costs more. */
  function expire(): void {
    trust = undefined
    if (performance.now() < verifiedAt! + settings.maxUnverified) trust = startTrust(verifiedAt!)
    else distrust()
  }

  function distrust(): void {
    const refusing = settings.whenUnverified === 'refuse'
    distrusted = true
    for (const [, cache] of versioned) cache.distrust(refusing)
    publish(unverifiedChannel, () => ({ tables: versionedNames, refusing }))
  }

  /** The versions from before the first row was read: what moves them after it must be noticed. */
  async function begin(): Promise<void> {
    feed.join(follower)
    try {
      await feed.look()
    } catch (error) {
      await feed.leave(follower)
      const denied = deniedVersions(error)
      if (denied) throw denied
      if (errorNumber(error) !== ER_NO_SUCH_TABLE || someVersioned) throw error
      // Immutable tables need no versions; without any there is nothing to follow.
      state = 'stopped'
    }
    if (state !== 'idle') return
    state = 'running'
    feed.follow(follower)
  }

  return {
    start() {
      if (state !== 'idle' || tables.size === 0) return Promise.resolve()
      beginning ??= begin().finally(() => {
        beginning = undefined
      })
      return beginning
    },
    look: () => (state === 'idle' && !beginning ? Promise.resolve() : feed.look()),
    wrote: () => feed.wrote(),
    // No getter: the engine would keep what leads to it, and so the caches with their rows, until the whole heap is collected.
    verifiedAt: () => verifiedAt,
    async stop() {
      state = 'stopped'
      clearTimeout(trust)
      await feed.leave(follower)
      clearTimeout(trust)
    },
  }
}
