import { ConfigurationError } from '../errors.ts'

/**
 * A client of npm's `redis`. It is duplicated, so that what it is used for elsewhere does not matter.
 *
 * @example
 * ```ts
 * import { createClient } from 'redis'
 *
 * const client: NodeRedisClient = createClient({ url: process.env.REDIS_URL })
 * ```
 */
export interface NodeRedisClient {
  /**
   * Makes a client of the same settings. Called for each connection.
   *
   * @example
   * ```ts
   * const copy = (client: NodeRedisClient) => client.duplicate()
   * ```
   * @throws what the client throws.
   */
  duplicate(overrides?: never): object
}

/**
 * Where Redis is: one of these.
 *
 * @example
 * ```ts
 * const source: RedisSource<RedisPubSub> = { url: process.env.REDIS_URL }
 * ```
 */
export interface RedisSource<Adapter> {
  /**
   * The server's URL: `redis://`, or `rediss://` for TLS, `user:password@host:port/number`. Needs npm's `redis`.
   *
   * @example
   * ```ts
   * redisDoorbell({ url: process.env.REDIS_URL })
   * ```
   */
  readonly url?: string | undefined
  /**
   * A client of npm's `redis`, which need not be connected. It is duplicated.
   *
   * @example
   * ```ts
   * import { createClient } from 'redis'
   *
   * redisDoorbell({ client: createClient({ url: process.env.REDIS_URL }) })
   * ```
   */
  readonly client?: NodeRedisClient
  /**
   * What is needed of another client.
   *
   * @example
   * ```ts
   * const doorbell = (adapter: RedisPubSub) => redisDoorbell({ adapter }) // of ioredis or valkey-glide, as the docs show it
   * ```
   */
  readonly adapter?: Adapter
}

/** @throws ConfigurationError unless one source is given, and looks right. */
export function checkSource(what: string, options: RedisSource<object>): void {
  const { url, client, adapter } = options ?? {}
  const given = [url, client, adapter].filter((one) => one !== undefined)
  if (given.length !== 1) {
    throw invalid(
      `${what}: expected one of url, client and adapter, got ${given.length === 0 ? 'none' : given.length}`,
      'Pass the URL of the Redis server, a client of npm’s redis, or an adapter for another client.',
    )
  }
  if (url !== undefined && !(URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol))) {
    throw invalid(
      `${what}: url is not a redis:// or rediss:// URL`,
      'Percent-encode characters such as @ / # : in a password.',
    )
  }
  if (client !== undefined && typeof (client as Partial<NodeRedisClient>).duplicate !== 'function') {
    throw invalid(
      `${what}: client is not a client of npm’s redis: it has no duplicate()`,
      'Pass what createClient returns, or an adapter for another client.',
    )
  }
}

function invalid(problem: string, fix: string): ConfigurationError {
  return new ConfigurationError({ kind: 'option', problem, fix })
}
