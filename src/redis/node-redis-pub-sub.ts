import { type NodeRedisConnection, nodeRedisOpener } from './node-redis.ts'
import type { RedisPubSub } from './redis-adapter.ts'
import type { RedisSource } from './redis-source.ts'

/** The adapter for npm's `redis`: a channel's connection subscribes and publishes. */
export function nodeRedisPubSub(source: RedisSource<unknown>): RedisPubSub {
  const open = nodeRedisOpener(source)
  const subscribed = new Map<string, NodeRedisConnection>()
  return {
    async subscribe(channel, { message, lost }) {
      const { client, close } = await open(lost)
      try {
        await client.subscribe(channel, message)
      } catch (error) {
        close()
        throw error
      }
      subscribed.set(channel, client)
      return {
        close() {
          if (subscribed.get(channel) === client) subscribed.delete(channel)
          close()
        },
      }
    },
    async publish(channel, text) {
      const client = subscribed.get(channel)
      if (!client) throw new Error('Not connected to Redis.')
      return client.publish(channel, text)
    },
  }
}
