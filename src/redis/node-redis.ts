import { ConfigurationError } from '../errors.ts'
import type { RedisSource } from './redis-source.ts'

/** What is used of a client of npm's `redis`. */
export interface NodeRedisConnection {
  readonly options?: { readonly socket?: object }
  duplicate(overrides: object): NodeRedisConnection
  connect(): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  unref(): void
  destroy(): void
  publish(channel: string, text: string): Promise<unknown>
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  sendCommand(command: readonly (string | Buffer)[], options?: object): Promise<unknown>
}

/** Milliseconds between two signs of life, and after which a silent server counts as gone. */
const PING_INTERVAL = 5_000
const SILENCE = 15_000
const CONNECT_TIMEOUT = 5_000

/** An open connection. */
export interface OpenNodeRedis {
  readonly client: NodeRedisConnection
  /** Never throws. */
  close(): void
}

/** Opens connections as a client of npm's `redis` would, without its queue for when the server is away, and without its reconnecting. */
export function nodeRedisOpener({
  url,
  client,
}: RedisSource<unknown>): (lost: (error: unknown) => void) => Promise<OpenNodeRedis> {
  let base: Promise<NodeRedisConnection> | undefined
  return async (lost) => {
    base ??= client ? Promise.resolve(client as unknown as NodeRedisConnection) : loadClient(url!)
    const given = await base
    const own = given.duplicate({
      // One connection subscribes and publishes, which version 2 of the protocol does not allow.
      RESP: 3,
      disableOfflineQueue: true,
      // Its own timer would keep the process running.
      pingInterval: 0,
      socket: {
        connectTimeout: CONNECT_TIMEOUT,
        ...given.options?.socket,
        socketTimeout: SILENCE,
        reconnectStrategy: false,
      },
    })
    own.on('error', lost)
    own.unref()
    await own.connect()
    const pings = setInterval(() => void own.sendCommand(['PING']).catch(lost), PING_INTERVAL).unref()
    return {
      client: own,
      close() {
        clearInterval(pings)
        try {
          own.destroy()
        } catch {
          // It has closed itself.
        }
      },
    }
  }
}

async function loadClient(url: string): Promise<NodeRedisConnection> {
  const { createClient } = await import('redis').catch((cause: unknown) => {
    throw new ConfigurationError({
      kind: 'option',
      problem: 'kysely-lookup/redis: the package redis cannot be loaded',
      fix: 'Install it (npm install redis), or pass an adapter for the client that you use.',
      cause,
    })
  })
  return createClient({ url }) as unknown as NodeRedisConnection
}
