import { redisStore } from '../src/redis/index.ts'
import { lmdbStore } from '../src/store/lmdb/index.ts'
import type { Store } from '../src/store/store.ts'

/** Rows of the data set are in it twice: each for itself, and as a whole table. */
const MAX_BYTES = 1024 ** 3

/** A store, as other processes are told of it: the URL of a Redis, or a folder. */
export function openStore(at: string): Store {
  return at.startsWith('redis:') ? redisStore({ url: at }) : lmdbStore({ path: at, maxBytes: MAX_BYTES })
}
