import type { FollowedCache } from '../cache/process-cache.ts'
import type { MachineRecords } from '../store/store.ts'
import type { Followed } from './guard-faults.ts'

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

/** What those who follow versions at one time ask for together. */
export interface CommonWishes {
  readonly followers: readonly Follower[]
  readonly followed: Followed
  /** The shortest of those who poll, in milliseconds; infinite without any. */
  readonly pollInterval: number
  /** The shortest of all. */
  readonly pollTimeout: number
  readonly machine: ReadonlySet<MachineRecords>
}

/** Who follows the versions of one database. */
export class Followers {
  readonly #all = new Set<Follower>()
  readonly #polling = new Set<Follower>()
  /** Until another one comes or goes: each poll needs them. */
  #wishes: CommonWishes | undefined

  get wishes(): CommonWishes {
    this.#wishes ??= this.#findWishes()
    return this.#wishes
  }

  has(follower: Follower): boolean {
    return this.#all.has(follower)
  }

  add(follower: Follower): void {
    this.#all.add(follower)
    this.#wishes = undefined
  }

  poll(follower: Follower): void {
    this.#polling.add(follower)
    this.#wishes = undefined
  }

  delete(follower: Follower): void {
    this.#all.delete(follower)
    this.#polling.delete(follower)
    this.#wishes = undefined
  }

  #findWishes(): CommonWishes {
    const followers = [...this.#all]
    const names = new Set(followers.flatMap(({ tables }) => [...tables.keys()]))
    return {
      followers,
      followed: new Map(
        [...names].map((name) => [name, followers.flatMap(({ tables }) => tables.get(name) ?? [])]),
      ),
      pollInterval: Math.min(...Array.from(this.#polling, ({ pollInterval }) => pollInterval)),
      pollTimeout: Math.min(...followers.map(({ pollTimeout }) => pollTimeout)),
      machine: new Set(followers.flatMap(({ machine }) => machine ?? [])),
    }
  }
}
