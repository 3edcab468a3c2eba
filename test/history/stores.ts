import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Store, tiered } from '../../src/index.ts'
import { redisStore } from '../../src/redis/index.ts'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import type { Random } from '../support/random.ts'
import { startRedisServer } from '../support/redis/redis-server.ts'
import { FILE_FAULTS, REDIS_FAULTS } from './store-faults.ts'

/** The stores that a run can be given. */
export const STORES = ['lmdb', 'redis', 'tiered'] as const

export type HistoryStore = (typeof STORES)[number]

/**
 * What happens to a store and its processes, again and again: `kill` ends readers, which are started again; `delete` the folder; the
 * next four disturb Redis; `alter` and `shorten` what is stored, in Redis or in the file.
 */
export const STORE_FAULTS = [
  'kill',
  'delete',
  'pause',
  'restart',
  'flush',
  'cut',
  'alter',
  'shorten',
] as const

export type StoreFault = (typeof STORE_FAULTS)[number]

/** A file that is altered or cut short under a process may end it: only readers that are started again use the store then. */
export function endsProcesses(kind: HistoryStore, faults: readonly StoreFault[]): boolean {
  return kind !== 'redis' && faults.some((fault) => fault === 'alter' || fault === 'shorten')
}

/** All that can happen to a store and leaves its processes alive. */
export function usualFaults(kind: HistoryStore): readonly StoreFault[] {
  return STORE_FAULTS.filter((fault) => !endsProcesses(kind, [fault]))
}

/** Where the processes of a run find the store that they share. */
export interface StorePlace {
  readonly kind: HistoryStore
  readonly path: string
  readonly redis: string
}

/** Claims of a process: how often it asked, and how often another one was to read. */
export interface Claims {
  made: number
  refused: number
}

export function openStore({ kind, path, redis }: StorePlace, claims: Claims): Store {
  const near = () => lmdbStore({ path })
  const far = () => redisStore({ url: redis })
  const store = kind === 'lmdb' ? near() : kind === 'redis' ? far() : tiered([near(), far()])
  return {
    ...store,
    // Versions do not stand for long here.
    writeAfter: 0,
    async claim(...claim) {
      const isFirst = await store.claim!(...claim)
      claims.made++
      if (!isFirst) claims.refused++
      return isFirst
    },
  }
}

export interface SharedStore extends AsyncDisposable {
  readonly place: StorePlace
  /** Lets the faults happen at random, under processes that use the store. Resolves to how many there were. */
  trouble(options: { readonly random: Random; readonly stop: AbortSignal }): Promise<number>
}

export async function startStore(
  kind: HistoryStore,
  options: {
    readonly folder: string
    readonly faults: readonly StoreFault[]
    /** Milliseconds between two faults at most. */
    readonly rest: number
  },
): Promise<SharedStore> {
  const { folder, faults, rest } = options
  const redis = kind === 'lmdb' ? undefined : await startRedisServer()
  const path = join(folder, 'store')
  const troubles = faults.flatMap((fault) => {
    const [file, server] = [FILE_FAULTS[fault], REDIS_FAULTS[fault]]
    return [
      ...(file && kind !== 'redis' ? [(random: Random) => file(path, random)] : []),
      ...(server && redis ? [(random: Random) => server(redis, random)] : []),
    ]
  })
  return {
    place: { kind, path, redis: redis?.url ?? '' },
    async trouble({ random, stop }) {
      let count = 0
      while (!stop.aborted && troubles.length > 0) {
        await pause(rest / 4 + random.below(rest), undefined, { signal: stop }).catch(() => {})
        if (stop.aborted) break
        await random.pick(troubles)(random)
        count++
      }
      return count
    },
    async [Symbol.asyncDispose]() {
      await redis?.[Symbol.asyncDispose]()
    },
  }
}
