import type { FollowedCache } from '../cache/process-cache.ts'
import type { ConfigurationError } from '../errors.ts'

/** By table name the caches that follow its version, of all sets of repositories. */
export type Followed = ReadonlyMap<string, readonly FollowedCache[]>

/** A table, and what it is cached as. */
export interface GuardedTable {
  readonly table: string
  readonly mode: FollowedCache['mode']
}

/** Answers why changes of the table could go unnoticed; undefined where they cannot. */
export type CheckGuard = (guarded: GuardedTable) => Promise<ConfigurationError | undefined>

interface Fault extends GuardedTable {
  /** When (of `performance.now`) it was first seen, and checked last. */
  readonly since: number
  checkedAt: number
}

export interface GuardSuspects {
  readonly followed: Followed
  /** Tables that have changed in some way. They are not answered from what is held until the check has passed. */
  readonly changed: ReadonlySet<string>
  /** Tables whose version rows are not all there: the same. */
  readonly incomplete: ReadonlySet<string>
  /** Tables that may have changed unseen. */
  readonly unseen: ReadonlySet<string>
}

/**
 * How long (ms) a table whose triggers are missing is read from the server before its reads reject. A tool that swaps a table, and
 * a helper that repairs triggers, take a moment between dropping and creating.
 */
const GRACE = 1_000
/** How often (ms) a table is checked again that has not changed meanwhile. */
const RECHECK_INTERVAL = 500

/** The tables whose changes would go unnoticed, until a check passes again. */
export class GuardFaults {
  readonly #faults = new Map<string, Fault>()

  /** Whether there are tables to check again. */
  get isEmpty(): boolean {
    return this.#faults.size === 0
  }

  async check(suspects: GuardSuspects, check: CheckGuard): Promise<void> {
    const { followed, changed, incomplete, unseen } = suspects
    const now = performance.now()
    for (const [key, { table, mode }] of this.#faults) {
      if (cachesOf(followed, { table, mode }).length === 0) this.#faults.delete(key)
    }
    const guarded = [...followed].flatMap(([table, caches]) =>
      [...new Set(caches.map(({ mode }) => mode))].map((mode): GuardedTable => ({ table, mode })),
    )
    for (const one of guarded) {
      if (changed.has(one.table) || incomplete.has(one.table)) this.#suspend(one, now, followed)
    }
    for (const one of guarded) {
      const fault = this.#faults.get(keyOf(one))
      const isDue = fault ? now - fault.checkedAt >= RECHECK_INTERVAL : unseen.has(one.table)
      if (!isDue && !changed.has(one.table)) continue
      const error = await check(one)
      if (fault) fault.checkedAt = now
      if (error) this.#fail(one, { now, followed, error })
      else if (fault) this.#pass(one, followed)
    }
  }

  #suspend(one: GuardedTable, now: number, followed: Followed): void {
    const key = keyOf(one)
    const checkedAt = Number.NEGATIVE_INFINITY
    if (!this.#faults.has(key)) this.#faults.set(key, { ...one, since: now, checkedAt })
    for (const cache of cachesOf(followed, one)) if (!cache.refusal) cache.suspend()
  }

  #fail(
    one: GuardedTable,
    { now, followed, error }: { now: number; followed: Followed; error: ConfigurationError },
  ): void {
    this.#suspend(one, now, followed)
    if (now - this.#faults.get(keyOf(one))!.since < GRACE) return
    for (const cache of cachesOf(followed, one)) cache.suspend(error)
  }

  #pass(one: GuardedTable, followed: Followed): void {
    this.#faults.delete(keyOf(one))
    for (const cache of cachesOf(followed, one)) {
      // What was read meanwhile may have changed unnoticed.
      cache.drop()
      cache.resume()
    }
  }
}

function cachesOf(followed: Followed, { table, mode }: GuardedTable): readonly FollowedCache[] {
  return (followed.get(table) ?? []).filter((cache) => cache.mode === mode)
}

function keyOf({ table, mode }: GuardedTable): string {
  return `${mode} ${table}`
}
