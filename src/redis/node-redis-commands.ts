import { nodeRedisOpener, type OpenNodeRedis } from './node-redis.ts'
import type { RedisCommands } from './redis-adapter.ts'
import type { RedisSource } from './redis-source.ts'

/** Commands on a connection that is made again when it is lost. */
export interface ConnectedCommands extends RedisCommands {
  /** Resolves when it is open, or when it could not be opened at once. */
  ready(): Promise<void>
  /** Never rejects. */
  close(): Promise<void>
}

/** Milliseconds before the first of several tries, and at most. */
const BACK_OFF = { first: 100, longest: 10_000 }

/** How the parser calls texts of any bytes. */
const AS_BYTES = { typeMapping: { ['$'.charCodeAt(0)]: Buffer } }

/** The adapter for npm's `redis`. While the server is away, commands are rejected at once. */
export function nodeRedisCommands(source: RedisSource<unknown>): ConnectedCommands {
  const connect = nodeRedisOpener(source)
  let current: OpenNodeRedis | undefined
  let retry: NodeJS.Timeout | undefined
  let why: unknown = new Error('Not connected to Redis yet.')
  let failures = 0
  let closed = false
  let attempt: Promise<void> = open()

  async function open(): Promise<void> {
    const own: { connection?: OpenNodeRedis; lost?: boolean } = {}
    const lost = (error: unknown) => {
      if (own.lost) return
      own.lost = true
      own.connection?.close()
      if (own.connection && current === own.connection) failed(error)
    }
    try {
      own.connection = await connect(lost)
      if (own.lost || closed) {
        own.connection.close()
        throw new Error('The connection was lost while it was opened.')
      }
      current = own.connection
      failures = 0
    } catch (error) {
      own.lost = true
      failed(error)
    }
  }

  function failed(error: unknown): void {
    current = undefined
    why = error
    if (closed) return
    const wait = Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** failures++)
    const again = () => {
      attempt = open()
    }
    retry = setTimeout(again, wait * (0.5 + Math.random() / 2)).unref()
  }

  async function command(words: readonly (string | Buffer)[]): Promise<unknown> {
    if (!current) throw why
    return current.client.sendCommand(words, AS_BYTES)
  }

  return {
    ready: () => attempt,
    command,
    // What is sent in one turn of the event loop goes out together.
    pipeline: (commands) => Promise.all(commands.map(command)),
    async close() {
      closed = true
      clearTimeout(retry)
      current?.close()
      current = undefined
      why = new Error('The store is closed.')
    },
  }
}
