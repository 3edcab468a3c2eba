import { AsyncLocalStorage } from 'node:async_hooks'
import type { Kysely } from 'kysely'
import type { FollowedCache } from '../cache/process-cache.ts'
import { coalesce } from '../database/coalesce.ts'
import { createExecute } from '../database/execute.ts'
import { ER_NO_SUCH_TABLE, errorNumber } from '../database/server-errors.ts'
import { pollChannel, publish, trace, unverifiedChannel, verifiedChannel } from '../diagnostics/channels.ts'
import { ConfigurationError } from '../errors.ts'
import type { Doorbell } from './doorbell.ts'
import { deniedVersions, VERSION_TABLE, versionsStatement } from './version-table.ts'

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
  stop(): Promise<void>
  /** When (of `performance.now`) the last statement that verified versions was sent. */
  readonly verifiedAt: number | undefined
}

// A longer one would fire at once.
const LONGEST_TIMER = 2 ** 31 - 1

/** By table name the cache that follows its version. */
type Watched = ReadonlyMap<string, FollowedCache>

export function createVersionWatch(options: {
  readonly db: Kysely<unknown>
  readonly tables: Watched
  readonly settings: ResolvedVersionOptions
  /** Told whenever versions were verified. */
  verified?(): void
}): VersionWatch {
  const { db, tables, settings } = options
  const execute = createExecute(db, {
    what: 'versions',
    timeout: settings.pollTimeout,
    table: VERSION_TABLE,
  })
  const versions = versionsStatement(tables.size)
  const created = new Map<string, string>()
  const versioned = [...tables].filter(([, { mode }]) => mode === 'versioned')
  const versionedNames = versioned.map(([name]) => name)
  const someVersioned = versioned.length > 0
  // A timer started in a request would hold on to that request's scope.
  const outsideRequests = AsyncLocalStorage.snapshot()
  const startTimer = (fn: () => void, delay: number) => outsideRequests(() => setTimeout(fn, delay).unref())
  let timer: NodeJS.Timeout | undefined
  let trust: NodeJS.Timeout | undefined
  let looking: Promise<void> | undefined
  let beginning: Promise<void> | undefined
  let verifiedAt: number | undefined
  let distrusted = false
  let state: 'idle' | 'running' | 'stopped' = 'idle'

  /** Hits are answered until nothing has been verified for too long: what a poll says was true when it was sent. */
  function verified(sentAt: number): void {
    for (const cache of tables.values()) cache.trust()
    verifiedAt = sentAt
    if (distrusted) publish(verifiedChannel, () => ({ tables: versionedNames }))
    distrusted = false
    options.verified?.()
    clearTimeout(trust)
    if (!someVersioned) return
    const trusted = Math.max(0, sentAt + settings.maxUnverified - performance.now())
    trust = startTimer(() => {
      const refusing = settings.whenUnverified === 'refuse'
      distrusted = true
      for (const [, cache] of versioned) cache.distrust(refusing)
      publish(unverifiedChannel, () => ({ tables: versionedNames, refusing }))
    }, trusted)
  }

  async function readVersions(): Promise<void> {
    const unverified = new Set(tables.keys())
    for (const [name, version, at] of await execute(versions, [...tables.keys()])) {
      const table = String(name)
      const cache = tables.get(table)
      if (!cache) continue
      // ALTER, RENAME and a restore make another table of the name, whose version may be the same.
      const before = created.get(table)
      created.set(table, String(at))
      if (before !== undefined && before !== String(at)) cache.drop()
      if (version === null) continue
      cache.observe(Number(version))
      unverified.delete(table)
    }
    for (const table of unverified) {
      // Its version rows are gone: nobody knows whether it has changed.
      if (tables.get(table)?.mode === 'versioned') {
        throw new ConfigurationError({
          kind: 'versions',
          problem: `${VERSION_TABLE} has no rows for ${table}`,
          fix: 'Call trackVersion again.',
        })
      }
    }
  }

  function readTraced(): Promise<void> {
    if (!pollChannel.hasSubscribers) return readVersions()
    return trace(pollChannel, { tables: [...tables.keys()] }, readVersions)
  }

  /** One at a time: an answer never overtakes another. */
  const readShared = coalesce(async (before) => {
    await before
    const sentAt = performance.now()
    looking = readTraced()
    await looking
    verified(sentAt)
  })

  /** The interval is from the last poll's beginning: what the poll takes itself adds nothing to it. */
  function schedule(since: number): void {
    const interval = settings.pollInterval * (0.9 + Math.random() * 0.2)
    const wait = Math.max(0, since + interval - performance.now())
    timer = startTimer(
      () => {
        const began = performance.now()
        readShared()
          .catch(() => {})
          .finally(() => {
            if (state === 'running') schedule(began)
          })
      },
      Math.min(wait, LONGEST_TIMER),
    )
  }

  /** The versions from before the first row was read: what moves them after it must be noticed. */
  async function begin(): Promise<void> {
    const began = performance.now()
    try {
      await readShared()
    } catch (error) {
      const denied = deniedVersions(error)
      if (denied) throw denied
      if (errorNumber(error) !== ER_NO_SUCH_TABLE || someVersioned) throw error
      // Immutable tables need no versions; without any there is nothing to follow.
      state = 'stopped'
    }
    if (state !== 'idle') return
    state = 'running'
    schedule(began)
  }

  return {
    start() {
      if (state !== 'idle' || tables.size === 0) return Promise.resolve()
      beginning ??= begin().finally(() => {
        beginning = undefined
      })
      return beginning
    },
    look: () => (state === 'idle' && !beginning ? Promise.resolve() : readShared()),
    get verifiedAt() {
      return verifiedAt
    },
    async stop() {
      state = 'stopped'
      clearTimeout(timer)
      clearTimeout(trust)
      await looking?.catch(() => {})
    },
  }
}
