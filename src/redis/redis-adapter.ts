/**
 * What is needed of a Redis client. The client of npm's `redis` needs none of it: pass it as `client`, or its URL. For another client,
 * write these methods and pass them as `adapter`.
 *
 * @example
 * ```ts
 * import { Redis } from 'ioredis'
 *
 * const redis = new Redis(process.env.REDIS_URL!, { enableOfflineQueue: false })
 * const adapter: RedisPubSub = {
 *   publish: (channel, text) => redis.publish(channel, text),
 *   async subscribe(channel, { message, lost }) {
 *     const own = redis.duplicate({ retryStrategy: () => null, enableOfflineQueue: true })
 *     own.on('error', lost).on('end', lost).on('message', (_, text) => message(text))
 *     await own.subscribe(channel)
 *     return { close: () => own.disconnect() }
 *   },
 * }
 * ```
 */
export interface RedisPubSub {
  /**
   * Sends a text to all that have subscribed to the channel.
   *
   * @example
   * ```ts
   * await adapter.publish('kysely-lookup', '')
   * ```
   * @throws if it could not be sent.
   */
  publish(channel: string, text: string): Promise<unknown>
  /**
   * Subscribes to a channel on a connection of its own, and resolves once the server has confirmed it. The connection is not made
   * again when it is lost: `lost` is called, and the caller subscribes again.
   *
   * @example
   * ```ts
   * const subscription = await adapter.subscribe('kysely-lookup', { message: console.log, lost: console.error })
   * await subscription.close()
   * ```
   * @throws if it could not subscribe.
   */
  subscribe(channel: string, events: RedisSubscriptionEvents): Promise<RedisSubscription>
}

/**
 * What a subscription tells.
 *
 * @example
 * ```ts
 * const events: RedisSubscriptionEvents = { message: (text) => console.log(text), lost: console.error }
 * ```
 */
export interface RedisSubscriptionEvents {
  /** A text arrived. Never throws. */
  message(text: string): void
  /** The connection is gone. It may be called more than once. Never throws. */
  lost(error?: unknown): void
}

/**
 * A channel that is subscribed to.
 *
 * @example
 * ```ts
 * const subscription: RedisSubscription = { close: () => connection.disconnect() }
 * ```
 */
export interface RedisSubscription {
  /** Closes the connection. Never throws. */
  close(): Promise<void> | void
}
