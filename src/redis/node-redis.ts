import { ConfigurationError } from '../errors.ts'
import type { RedisPubSub } from './redis-adapter.ts'
import type { RedisSource } from './redis-source.ts'

/** What is used of a client of npm's `redis`. */
interface Client {
  readonly options?: { readonly socket?: object }
  duplicate(overrides: object): Client
  connect(): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  unref(): void
  destroy(): void
  publish(channel: string, text: string): Promise<unknown>
  subscribe(channel: string, listener: (text: string) => void): Promise<unknown>
  sendCommand(command: readonly string[]): Promise<unknown>
}

/** Milliseconds between two signs of life, and after which a silent server counts as gone. */
const PING_INTERVAL = 5_000
const SILENCE = 15_000
const CONNECT_TIMEOUT = 5_000

/** The adapter for npm's `redis`. Each connection is a client of its own, without a queue for when the server is away. */
export function nodeRedis({ url, client }: RedisSource<unknown>): RedisPubSub {
  let base: Promise<Client> | undefined
  const subscribed = new Map<string, Client>()

  async function connected(lost: (error: unknown) => void): Promise<Client> {
    base ??= client ? Promise.resolve(client as unknown as Client) : loadClient(url!)
    const { options, duplicate } = await base
    const own = duplicate.call(await base, {
      // One connection subscribes and publishes, which version 2 of the protocol does not allow.
      RESP: 3,
      disableOfflineQueue: true,
      // Its own timer would keep the process running.
      pingInterval: 0,
      socket: {
        connectTimeout: CONNECT_TIMEOUT,
        ...options?.socket,
        socketTimeout: SILENCE,
        reconnectStrategy: false,
      },
    })
    own.on('error', lost)
    own.unref()
    await own.connect()
    return own
  }

  return {
    async subscribe(channel, { message, lost }) {
      const own = await connected(lost)
      try {
        await own.subscribe(channel, message)
      } catch (error) {
        own.destroy()
        throw error
      }
      subscribed.set(channel, own)
      const pings = setInterval(() => void own.sendCommand(['PING']).catch(lost), PING_INTERVAL).unref()
      return {
        close() {
          clearInterval(pings)
          if (subscribed.get(channel) === own) subscribed.delete(channel)
          destroy(own)
        },
      }
    },
    async publish(channel, text) {
      const own = subscribed.get(channel)
      if (!own) throw new Error('Not connected to Redis.')
      return own.publish(channel, text)
    },
  }
}

/** A client that has closed itself refuses to be closed. */
function destroy(client: Client): void {
  try {
    client.destroy()
  } catch {}
}

async function loadClient(url: string): Promise<Client> {
  const { createClient } = await import('redis').catch((cause: unknown) => {
    throw new ConfigurationError({
      kind: 'option',
      problem: 'kysely-lookup/redis: the package redis cannot be loaded',
      fix: 'Install it (npm install redis), or pass an adapter for the client that you use.',
      cause,
    })
  })
  return createClient({ url }) as unknown as Client
}
