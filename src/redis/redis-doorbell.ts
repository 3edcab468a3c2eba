import { createConnectedDoorbell } from '../versions/connected-doorbell.ts'
import type { Doorbell } from '../versions/doorbell.ts'
import { nodeRedisPubSub } from './node-redis-pub-sub.ts'
import type { RedisPubSub } from './redis-adapter.ts'
import { checkSource, type RedisSource } from './redis-source.ts'

/**
 * The options of `redisDoorbell`: one of `url`, `client` and `adapter`, and the channel.
 *
 * @example
 * ```ts
 * const options: RedisDoorbellOptions = { url: process.env.REDIS_URL, channel: 'shop-lookups' }
 * ```
 */
export interface RedisDoorbellOptions extends RedisSource<RedisPubSub> {
  /**
   * The channel that all processes share that read one database (default `'kysely-lookup'`). Name another one for each database, so
   * that processes do not look for changes of others.
   *
   * @example
   * ```ts
   * redisDoorbell({ url: process.env.REDIS_URL, channel: 'shop-lookups' })
   * ```
   */
  readonly channel?: string
}

export const DEFAULT_CHANNEL = 'kysely-lookup'

/**
 * A doorbell over the publish/subscribe of Redis or Valkey (6.0 or newer): repositories ring it after each commit, and all processes
 * hear it. Sets of repositories that are given the same doorbell share its connection.
 *
 * @example
 * ```ts
 * import { redisDoorbell } from 'kysely-lookup/redis'
 *
 * createRepositories({ db, tables, versions: { doorbell: redisDoorbell({ url: process.env.REDIS_URL }) } })
 * ```
 * @throws ConfigurationError if an option cannot work. A server that is away is reported on the channel `kysely-lookup:doorbell`.
 */
export function redisDoorbell(options: RedisDoorbellOptions): Doorbell {
  checkSource('redisDoorbell', options)
  const { channel = DEFAULT_CHANNEL, adapter = nodeRedisPubSub(options) } = options
  return createConnectedDoorbell({
    announces: true,
    async connect({ heard, lost }) {
      const subscription = await adapter.subscribe(channel, {
        message: heard,
        lost: (error) => lost(error ?? new Error('The connection to Redis was closed.')),
      })
      return { close: () => subscription.close(), publish: (text) => adapter.publish(channel, text) }
    },
  })
}
