import { keepConnection } from '../database/kept-connection.ts'
import { nodeRedisOpener, type OpenNodeRedis } from './node-redis.ts'
import type { RedisCommands } from './redis-adapter.ts'
import type { RedisSource } from './redis-source.ts'

/** Commands on a connection that is made again when it is lost. */
export interface ConnectedCommands extends RedisCommands {
  /** Resolves when it is open, or when it could not be opened at once. */
  ready(): Promise<void>
  close(): void
}

/** How the parser calls texts of any bytes. */
const AS_BYTES = { typeMapping: { ['$'.charCodeAt(0)]: Buffer } }

/** The adapter for npm's `redis`. While the server is away, commands are rejected at once. */
export function nodeRedisCommands(source: RedisSource<unknown>): ConnectedCommands {
  let why: unknown = new Error('Redis is not connected.')
  const kept = keepConnection<OpenNodeRedis>({
    connect: nodeRedisOpener(source),
    close: (connection) => connection.close(),
    failed(error) {
      why = error
    },
  })
  kept.open()

  async function command(words: readonly (string | Buffer)[]): Promise<unknown> {
    if (!kept.current) throw why
    return kept.current.client.sendCommand(words, AS_BYTES)
  }

  return {
    async ready() {
      await kept.attempt?.catch(() => {})
    },
    command,
    // What is sent in one turn of the event loop goes out together.
    pipeline: (commands) => Promise.all(commands.map(command)),
    close: kept.close,
  }
}
