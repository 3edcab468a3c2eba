import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient } from 'redis'
import { type Store, tiered } from '../../src/index.ts'
import { redisStore } from '../../src/redis/index.ts'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import type { Random } from '../support/random.ts'
import { type RedisServer, startRedisServer } from '../support/redis/redis-server.ts'

/** The stores that a run can be given. */
export const STORES = ['lmdb', 'redis', 'tiered'] as const

export type HistoryStore = (typeof STORES)[number]

/** Where the processes of a run find the store that they share. */
export interface StorePlace {
  readonly kind: HistoryStore
  readonly path: string
  readonly redis: string
}

export function openStore({ kind, path, redis }: StorePlace): Store {
  const near = () => lmdbStore({ path })
  const far = () => redisStore({ url: redis })
  const store = kind === 'lmdb' ? near() : kind === 'redis' ? far() : tiered([near(), far()])
  // Versions do not stand for long here.
  return { ...store, writeAfter: 0 }
}

export interface SharedStore extends AsyncDisposable {
  readonly place: StorePlace
  /** Deletes the folder and disturbs Redis at random, under processes that use them. */
  trouble(options: { readonly random: Random; readonly stop: AbortSignal }): Promise<void>
}

export async function startStore(kind: HistoryStore, folder: string): Promise<SharedStore> {
  const redis = kind === 'lmdb' ? undefined : await startRedisServer()
  const path = join(folder, 'store')
  const troubles = [
    ...(kind === 'redis' ? [] : [() => rm(path, { recursive: true, force: true }).catch(() => {})]),
    ...(redis ? REDIS_TROUBLES.map((trouble) => (random: Random) => trouble(redis, random)) : []),
  ]
  return {
    place: { kind, path, redis: redis?.url ?? '' },
    async trouble({ random, stop }) {
      while (!stop.aborted) {
        await pause(2_000 + random.below(6_000), undefined, { signal: stop }).catch(() => {})
        if (!stop.aborted) await random.pick(troubles)(random)
      }
    },
    async [Symbol.asyncDispose]() {
      await redis?.[Symbol.asyncDispose]()
    },
  }
}

const REDIS_TROUBLES: readonly ((redis: RedisServer, random: Random) => Promise<void>)[] = [
  async (redis, random) => {
    await redis.pause()
    await pause(random.below(1_000))
    redis.resume()
  },
  async (redis, random) => {
    await redis.kill()
    await pause(random.below(500))
    await redis.start()
  },
  async ({ url }) => {
    const client = await createClient({ url }).connect()
    await client.flushAll()
    client.destroy()
  },
]
