import type { FollowedCache } from '../cache/process-cache.ts'
import type { Followed } from './guard-faults.ts'
import type { VersionAnswer } from './version-reader.ts'

/** What was told last: as a rule the next poll answers the same. */
interface Told {
  readonly answer: VersionAnswer
  readonly followed: Followed
  readonly caches: readonly FollowedCache[]
  /** That of each cache. */
  readonly versions: readonly number[]
  /** The tables nobody knows of whether they have changed. */
  readonly incomplete: ReadonlySet<string>
}

/** Tells caches the versions of their tables. */
export class ToldVersions {
  #told: Told | undefined
  #recheckAt = Number.POSITIVE_INFINITY

  /** When (of `performance.now`) another look tells whether a lower version stands; infinite if none was seen. */
  get recheckAt(): number {
    return this.#recheckAt
  }

  /** Answers the tables nobody knows of whether they have changed. */
  tell(answer: VersionAnswer, followed: Followed): ReadonlySet<string> {
    let told = this.#told
    const isNew = told?.answer !== answer || told.followed !== followed
    if (isNew) {
      told = prepare(answer, followed)
      this.#told = told
    }
    const { caches, versions, incomplete } = told!
    let recheckAt = Number.POSITIVE_INFINITY
    for (let at = 0; at < caches.length; at++) {
      const cache = caches[at]!
      const version = versions[at]!
      if (isNew || cache.floor !== version || cache.recheckAt !== undefined) {
        cache.observe(version)
        recheckAt = Math.min(recheckAt, cache.recheckAt ?? Number.POSITIVE_INFINITY)
      }
    }
    this.#recheckAt = recheckAt
    return incomplete
  }
}

function prepare(answer: VersionAnswer, followed: Followed): Told {
  const told = [...followed].flatMap(([table, caches]) => {
    const version = answer.versions.get(table)
    return version === undefined ? [] : caches.map((cache) => ({ cache, version }))
  })
  // Nobody knows whether a table has changed whose version rows are gone.
  const gone = [...followed].filter(
    ([table, caches]) => !answer.versions.has(table) && caches.some(({ mode }) => mode === 'versioned'),
  )
  return {
    ...{ answer, followed },
    caches: told.map(({ cache }) => cache),
    versions: told.map(({ version }) => version),
    incomplete: new Set([...answer.incomplete, ...gone.map(([table]) => table)]),
  }
}
