/**
 * What the doorbell needs of a Redis client. The client of npm's `redis` needs none of it: pass it as `client`, or its URL. For another
 * client, write these methods and pass them as `adapter`.
 *
 * @example
 * ```ts
 * import { createClient } from 'redis'
 *
 * const open = () => createClient({ url: process.env.REDIS_URL!, socket: { reconnectStrategy: false } })
 * const sender = await open().connect()
 * const adapter: RedisPubSub = {
 *   publish: (channel, text) => sender.publish(channel, text),
 *   async subscribe(channel, { message, lost }) {
 *     const own = await open().on('error', lost).connect()
 *     await own.subscribe(channel, message)
 *     return { close: () => own.destroy() }
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
   * const ring = (adapter: RedisPubSub) => adapter.publish('kysely-lookup', '')
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
   * const listen = (adapter: RedisPubSub) =>
   *   adapter.subscribe('kysely-lookup', { message: console.log, lost: console.error })
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
  /**
   * A text arrived.
   *
   * @example
   * ```ts
   * const test = ({ message }: RedisSubscriptionEvents) => message('')
   * ```
   * Never throws.
   */
  message(text: string): void
  /**
   * The connection is gone. It may be called more than once.
   *
   * @example
   * ```ts
   * const test = ({ lost }: RedisSubscriptionEvents) => lost(new Error('gone'))
   * ```
   * Never throws.
   */
  lost(error?: unknown): void
}

/**
 * A channel that is subscribed to.
 *
 * @example
 * ```ts
 * const subscription: RedisSubscription = { close() {} }
 * ```
 */
export interface RedisSubscription {
  /**
   * Closes the connection.
   *
   * @example
   * ```ts
   * const leave = (subscription: RedisSubscription) => subscription.close()
   * ```
   * Never throws.
   */
  close(): Promise<void> | void
}

/**
 * What the store needs of a Redis client. The client of npm's `redis` needs none of it: pass it as `client`, or its URL. For another
 * client, write these methods and pass them as `adapter`. Its queue for when the server is away should be off.
 *
 * @example
 * ```ts
 * import { createClient, RESP_TYPES } from 'redis'
 *
 * const client = await createClient({ url: process.env.REDIS_URL!, disableOfflineQueue: true }).connect()
 * const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
 * const adapter: RedisCommands = {
 *   command: (words) => bytes.sendCommand([...words]),
 *   pipeline: (commands) => Promise.all(commands.map((words) => bytes.sendCommand([...words]))),
 * }
 * ```
 */
export interface RedisCommands {
  /**
   * Sends a command and resolves to its reply, with texts as bytes.
   *
   * @example
   * ```ts
   * const read = (adapter: RedisCommands, keys: readonly string[]) => adapter.command(['MGET', ...keys])
   * ```
   * @throws the server's error, or the connection's.
   */
  command(words: readonly (string | Buffer)[]): Promise<unknown>
  /**
   * Sends commands together, and resolves when all were answered.
   *
   * @example
   * ```ts
   * const write = (adapter: RedisCommands) => adapter.pipeline([['SET', 'a', '1'], ['SET', 'b', '2']])
   * ```
   * @throws the error of one of them.
   */
  pipeline(commands: readonly (readonly (string | Buffer)[])[]): Promise<unknown>
}
