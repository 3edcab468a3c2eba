import { ConfigurationError } from '../errors.ts'
import type { RedisCommands } from './redis-adapter.ts'
import { checkSource, type RedisSource } from './redis-source.ts'

/**
 * The options of `redisStore`: one of `url`, `client` and `adapter`, and how long entries live and may take.
 *
 * @example
 * ```ts
 * const options: RedisStoreOptions = { url: process.env.REDIS_URL, prefix: 'shop-lookups', ttl: 600_000 }
 * ```
 */
export interface RedisStoreOptions extends RedisSource<RedisCommands> {
  /**
   * How its keys in Redis begin (default `'kysely-lookup'`).
   *
   * @example
   * ```ts
   * redisStore({ url: process.env.REDIS_URL, prefix: 'shop-lookups' })
   * ```
   */
  readonly prefix?: string
  /**
   * Milliseconds after which Redis drops an entry that no process asks for (default an hour), such as those of versions that have passed.
   *
   * @example
   * ```ts
   * redisStore({ url: process.env.REDIS_URL, ttl: 600_000 })
   * ```
   */
  readonly ttl?: number
  /**
   * Milliseconds for which an entry is served (default a day). It limits how long a change stays unseen that bypassed the triggers.
   *
   * @example
   * ```ts
   * redisStore({ url: process.env.REDIS_URL, maxAge: 3_600_000 })
   * ```
   */
  readonly maxAge?: number
  /**
   * Milliseconds that a read may wait for Redis (default 100). After that, it goes to the database server, and so do those after it
   * until Redis answers again.
   *
   * @example
   * ```ts
   * redisStore({ url: process.env.REDIS_URL, timeout: 20 })
   * ```
   */
  readonly timeout?: number
}

/** Checked, and with defaults. */
export interface ResolvedRedisStore {
  readonly prefix: string
  readonly ttl: number
  readonly maxAge: number
  readonly timeout: number
}

const DEFAULTS: ResolvedRedisStore = {
  prefix: 'kysely-lookup',
  ttl: 3_600_000,
  maxAge: 86_400_000,
  timeout: 100,
}

const KNOWN = ['url', 'client', 'adapter', ...Object.keys(DEFAULTS)]

/** @throws ConfigurationError for what cannot work. */
export function resolveRedisStore(options: RedisStoreOptions): ResolvedRedisStore {
  checkSource('redisStore', options)
  const unknown = Object.keys(options).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) {
    throw invalid(`there is no option ${JSON.stringify(unknown)}`, `Use ${KNOWN.join(', ')}.`)
  }
  const { prefix, ttl, maxAge, timeout } = { ...DEFAULTS, ...options }
  if (typeof prefix !== 'string' || prefix === '' || /[{}]/.test(prefix)) {
    throw invalid('prefix must be a text without braces', 'Correct it, or leave it out.')
  }
  for (const [name, value] of Object.entries({ ttl, maxAge, timeout })) {
    if (!Number.isSafeInteger(value) || value <= 0 || value > 0x7fffffff) {
      throw invalid(`${name} must be a positive integer, in milliseconds`, 'Correct it, or leave it out.')
    }
  }
  return { prefix, ttl: Math.min(ttl, maxAge), maxAge, timeout }
}

function invalid(problem: string, fix: string): ConfigurationError {
  return new ConfigurationError({ kind: 'option', problem: `redisStore: ${problem}`, fix })
}
