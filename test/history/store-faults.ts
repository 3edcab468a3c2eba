import { closeSync, fstatSync, openSync, readFileSync, readSync, truncateSync, writeSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createClient, RESP_TYPES } from 'redis'
import type { Random } from '../support/random.ts'
import type { RedisServer } from '../support/redis/redis-server.ts'
import type { StoreFault } from './stores.ts'

type Faults<Subject> = Readonly<
  Partial<Record<StoreFault, (subject: Subject, random: Random) => Promise<void>>>
>

const PAGE = 4_096

/** What happens to the folder of an lmdb store. */
export const FILE_FAULTS: Faults<string> = {
  // A process may put a file into it meanwhile.
  delete: (path) => rm(path, { recursive: true, force: true }).catch(() => {}),
  async alter(path, random) {
    withFile(path, (file) => {
      const { size } = fstatSync(file)
      const byte = Buffer.alloc(1)
      for (let left = 1 + random.below(20); left > 0 && size > 0; left--) {
        const at = random.below(size)
        readSync(file, byte, 0, 1, at)
        byte[0]! ^= 1 << random.below(8)
        writeSync(file, byte, 0, 1, at)
      }
    })
  },
  async shorten(path, random) {
    withFile(path, (file, name) => {
      const { size } = fstatSync(file)
      const part = random.below(size + 1)
      truncateSync(name, random.is(0.5) ? part : part - (part % PAGE))
    })
  },
}

function withFile(folder: string, work: (file: number, name: string) => void): void {
  let file: number | undefined
  try {
    const name = join(folder, readFileSync(join(folder, 'current'), 'utf8'))
    file = openSync(name, 'r+')
    work(file, name)
  } catch (error) {
    // A new one is just being made.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

/** Sends a command, as words. */
type Send = (...words: readonly (string | Buffer)[]) => Promise<unknown>

/** What happens to Redis. */
export const REDIS_FAULTS: Faults<RedisServer> = {
  async pause(redis, random) {
    const milliseconds = 1 + random.below(1_000)
    if (random.is(0.5)) {
      await withClient(redis, (send) => send('CLIENT', 'PAUSE', String(milliseconds)))
      return
    }
    await redis.pause()
    await pause(milliseconds)
    redis.resume()
  },
  async restart(redis, random) {
    await redis.kill()
    await pause(random.below(500))
    await redis.start()
  },
  flush: (redis) => withClient(redis, (send) => send('FLUSHALL')),
  cut: (redis) => withClient(redis, (send) => send('CLIENT', 'KILL', 'TYPE', 'normal')),
  alter: (redis, random) =>
    withEntries(redis, async (send, { key, value, other }) => {
      const byte = random.below(value.length)
      value[byte]! ^= 1 << random.below(8)
      await send('SET', key, random.is(0.5) ? value : other)
    }),
  shorten: (redis, random) =>
    withEntries(redis, async (send, { key, value }) => {
      await send('SET', key, value.subarray(0, random.below(value.length)))
    }),
}

async function withClient({ url }: RedisServer, work: (send: Send) => Promise<unknown>): Promise<void> {
  const client = createClient({ url })
  client.on('error', () => {})
  await client.connect()
  const binary = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  try {
    await work((...words) => binary.sendCommand([...words]))
  } finally {
    client.destroy()
  }
}

interface StoredBytes {
  readonly key: Buffer
  readonly value: Buffer
  /** What is stored for another key. */
  readonly other: Buffer
}

/** Does something to some of all entries. */
function withEntries(
  redis: RedisServer,
  work: (send: Send, entry: StoredBytes) => Promise<void>,
): Promise<void> {
  return withClient(redis, async (send) => {
    let other: Buffer = Buffer.from('something else')
    for (let left = 40; left > 0; left--) {
      const key = (await send('RANDOMKEY')) as Buffer | null
      const value = key && ((await send('GET', key)) as Buffer | null)
      if (!value || value.length < 2) continue
      await work(send, { key, value, other })
      other = value
    }
  })
}
