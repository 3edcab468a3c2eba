import { publish, storeChannel } from '../diagnostics/channels.ts'
import type { StoreMessage } from '../diagnostics/messages.ts'
import type { Store, StoreNamespace } from '../store/store.ts'
import { TABLE_KEY } from '../store/table-key.ts'
import { createCircuit } from './circuit.ts'
import { nodeRedisCommands } from './node-redis-commands.ts'
import { type RedisStoreOptions, resolveRedisStore } from './redis-store-options.ts'

/** Milliseconds for what nobody waits for. */
const WRITE_TIMEOUT = 2_000

/** A whole table may take so many times as long as other reads. */
const WHOLE_TIMEOUT = 10

/** Of so many reads one puts off the end of what it has found. */
const READS_PER_RENEWAL = 10

/** How many keys a scan goes through at a time. */
const SCAN_COUNT = 1_000

/**
 * Keeps rows in Redis or Valkey (6.0 or newer) for all processes of all machines. A batch asks for its keys with one MGET. A server that
 * is away or slow is a miss, never an error: reads then go to the database server.
 *
 * @example
 * ```ts
 * import { redisStore } from 'kysely-lookup/redis'
 *
 * const store = redisStore({ url: process.env.REDIS_URL })
 * const repos = createRepositories({ db, tables, cache: { country: 'versioned' }, store })
 * ```
 * @throws ConfigurationError if an option cannot work. A server that is away is reported on the channel `kysely-lookup:store`.
 */
export function redisStore(options: RedisStoreOptions): Store {
  const { prefix, ttl, maxAge, timeout } = resolveRedisStore(options)
  const own = options.adapter ? undefined : nodeRedisCommands(options)
  const redis = own ?? options.adapter!
  const lifetime = String(ttl)
  let state: StoreMessage['state'] | undefined
  let reads = 0

  function say(now: StoreMessage['state'], problem?: string): void {
    if (state === now) return
    state = now
    publish(storeChannel, () => ({ store: 'redis', state: now, ...(problem !== undefined && { problem }) }))
  }

  const circuit = createCircuit({
    changed({ isOpen, error }) {
      if (isOpen) say('unavailable', problemOf(error))
      else say('open')
    },
  })

  /** The braces keep the entries of a namespace together in a cluster. */
  const keyOf = ({ address }: StoreNamespace, key: string) => `${prefix}:{${address}}:${key}`

  /** Nobody waits for it, and a failure costs a statement later. */
  function renew(keys: readonly string[]): void {
    redis.pipeline(keys.map((key) => ['PEXPIRE', key, lifetime])).catch(() => {})
  }

  const limitOf = (keys: readonly string[]) => (keys.includes(TABLE_KEY) ? WHOLE_TIMEOUT * timeout : timeout)

  async function forgetAll(pattern: string): Promise<void> {
    let cursor = '0'
    do {
      const reply = await redis.command(['SCAN', cursor, 'MATCH', pattern, 'COUNT', String(SCAN_COUNT)])
      const [next, keys] = reply as [Uint8Array | string, (Buffer | string)[]]
      if (keys.length > 0) await redis.command(['UNLINK', ...keys])
      cursor = Buffer.from(next).toString()
    } while (cursor !== '0')
  }

  return {
    name: 'redis',
    maxAge,
    async ready() {
      await own?.ready()
    },
    async read(namespace, keys) {
      if (keys.length === 0) return []
      const names = keys.map((key) => keyOf(namespace, key))
      const reply = await circuit.run(() => redis.command(['MGET', ...names]), limitOf(keys))
      if (!Array.isArray(reply)) return keys.map(() => undefined)
      say('open')
      const values = keys.map((_, index) => bytesOf(reply[index]))
      if (reads++ % READS_PER_RENEWAL === 0) {
        const found = names.filter((_, index) => values[index] !== undefined)
        if (found.length > 0) renew(found)
      }
      return values
    },
    async write(namespace, entries) {
      if (entries.length === 0) return
      const commands = entries.map(({ key, value }) => [
        ...['SET', keyOf(namespace, key)],
        Buffer.from(value.buffer, value.byteOffset, value.byteLength),
        ...['PX', lifetime],
      ])
      // What Redis itself refuses, as when it is full, says nothing of reads.
      const sent = async () => ({ refused: await redis.pipeline(commands).then(() => undefined, refusalOf) })
      const result = await circuit.run(sent, Math.max(WRITE_TIMEOUT, timeout))
      if (!result) return
      if (!result.refused) return say('open')
      if (/^OOM\b/.test(result.refused.message)) say('full', 'Redis has reached its maxmemory')
      throw result.refused
    },
    async claim(namespace, name, duration) {
      const words = ['SET', keyOf(namespace, `claim:${name}`), '1', 'NX', 'PX', String(duration)]
      const reply = await circuit.run(async () => ({ given: await redis.command(words) }), timeout)
      return reply === undefined || reply.given !== null
    },
    async forget(namespace) {
      await forgetAll(`${escaped(prefix)}:${namespace ? `{${namespace.address}}` : ''}*`)
    },
    async close() {
      own?.close()
    },
  }
}

function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  // A client that reads bytes as text has changed them: that is a miss.
  return undefined
}

/** The server's answer to a command that it does not carry out; whatever else is wrong is thrown. */
function refusalOf(error: unknown): Error {
  if (error instanceof Error && /^[A-Z]{3,}\b/.test(error.message)) return error
  throw error
}

/** Names hosts, and never a key or a value. */
function problemOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Characters that a pattern of SCAN gives a meaning to. */
function escaped(text: string): string {
  return text.replaceAll(/[*?[\]^\\]/g, '\\$&')
}
