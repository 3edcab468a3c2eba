/**
 * Runs the adapter of docs/store.md for ioredis as it stands there, against a Redis:
 *
 *     npm ci --prefix test/compatibility && npm run compatibility
 */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type RedisStoreOptions, redisStore } from '../../src/redis/index.ts'
import type { Store } from '../../src/store/store.ts'
import { readDocuments } from '../support/documents/documents.ts'
import { startRedisServer } from '../support/redis/redis-server.ts'
import { describeStoreContract } from '../support/store/contract.ts'

const require = createRequire(import.meta.url)
const { Redis } = require('ioredis')

const documents = await readDocuments()
const { blocks } = documents.find(({ name }) => name === 'docs/store.md')!
const { code } = blocks.find(({ marks }) => marks.includes('ioredis'))!

interface Shown {
  readonly redis: InstanceType<typeof Redis>
  readonly store: Store
}

/** What the block makes of these. */
const show = new Function(
  ...['Redis', 'redisStore', 'process'],
  `${code.replace(/^import .*$/m, '')}\nreturn { redis, store }`,
) as (client: unknown, make: (options: RedisStoreOptions) => Store, process: object) => Shown

const server = startRedisServer()
let prefixes = 0

describeStoreContract('Redis by ioredis, as docs/store.md shows it', async () => {
  const { url } = await server
  const prefix = `ioredis-${++prefixes}`
  const make = (options: RedisStoreOptions) => redisStore({ ...options, prefix, timeout: 60_000 })
  const { redis, store } = show(Redis, make, { env: { REDIS_URL: url } })
  await once(redis, 'ready')
  return { store, end: async () => redis.disconnect() }
})
