import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient, RESP_TYPES } from 'redis'
import { ConfigurationError, type Store, tiered } from '../../src/index.ts'
import { type RedisCommands, redisStore } from '../../src/redis/index.ts'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import { closedAfterFile } from '../support/closing.ts'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { until } from '../support/outage/outage.ts'
import { type RedisServer, startRedisServer } from '../support/redis/redis-server.ts'
import { describeStoreContract } from '../support/store/contract.ts'
import { namespaceAt } from '../support/store/namespace-at.ts'
import { guard, readAndEnd } from '../support/store/stored-lookups.ts'
import { listen } from '../support/telemetry/heard.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

/** Longer than any busy machine takes: what is missed here is not there. */
const timeout = 60_000

let server: Promise<RedisServer> | undefined
const redisUrl = async () => {
  server ??= startRedisServer()
  return (await server).url
}
let prefixes = 0

describeStoreContract('Redis', async () => {
  const url = await redisUrl()
  const prefix = `contract-${++prefixes}`
  const open = () => redisStore({ url, prefix, timeout })
  return { store: open(), another: async () => open(), end: async () => {} }
})

describeStoreContract('Redis by an adapter', async () => {
  const client = await createClient({ url: await redisUrl(), disableOfflineQueue: true }).connect()
  const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
  const adapter: RedisCommands = {
    command: (words) => bytes.sendCommand([...words]),
    pipeline: (commands) => Promise.all(commands.map((words) => bytes.sendCommand([...words]))),
  }
  const store = redisStore({ adapter, prefix: `adapter-${++prefixes}`, timeout })
  return { store, end: async () => client.destroy() }
})

describeStoreContract('lmdb before Redis', async () => {
  const folder = await createTemporaryFolder('tiers')
  const url = await redisUrl()
  const prefix = `tiers-${++prefixes}`
  return {
    store: tiered([lmdbStore({ path: folder.join('store') }), redisStore({ url, prefix, timeout })]),
    end: async () => folder[Symbol.asyncDispose](),
  }
})

describe('the store in Redis', () => {
  let data: Lookups
  let redis: RedisServer

  before(async () => {
    redis = await startRedisServer()
    data = await lookups(COUNTRIES)
    await guard(data, { tracked: ['country'] })
  })
  after(async () => {
    await data[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })

  async function open(options: object = {}): Promise<Store> {
    const store = redisStore({ url: redis.url, prefix: `drill-${++prefixes}`, timeout, ...options })
    closedAfterFile({ [Symbol.asyncDispose]: () => store.close() })
    await store.ready()
    return store
  }
  const process = (store: Store) => data.repositories({ cache: { country: 'versioned' }, store })
  const KEYS = ['FR', 'DE', 'XX', 'JP']
  const namesIn = (store: Store) =>
    readAndEnd(process(store), async (repos) => {
      const rows = await repos.country!.findByKeys(KEYS)
      const { storeHits, statements } = repos.$stats().country!
      return { names: rows.map((row) => row?.name), storeHits, statements }
    })
  const commands = async (name: string) => {
    const client = await createClient({ url: redis.url }).connect()
    const info = await client.info('commandstats')
    client.destroy()
    return Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0)
  }

  it('is asked once for a batch, and lets go of what nobody asks for', async () => {
    const prefix = `once-${++prefixes}`
    const store = await open({ prefix, ttl: 600_000 })
    const { names } = await namesIn(store)
    const before = await commands('mget')
    const again = await namesIn(store)
    assert.deepEqual([again.names, again.storeHits, again.statements], [names, KEYS.length, 0])
    assert.equal((await commands('mget')) - before, 1)
    const client = await createClient({ url: redis.url }).connect()
    const keys = await client.keys(`${prefix}:*`)
    const lives = await Promise.all(keys.map((key) => client.pTTL(key)))
    client.destroy()
    assert.ok(keys.length >= KEYS.length)
    assert.ok(
      lives.every((life) => life > 0 && life <= 600_000),
      `${lives}`,
    )
  })

  it('fills a process with a whole table as one value', async () => {
    const store = await open()
    const count = await readAndEnd(process(store), (repos) => repos.country!.preload())
    const repos = process(store)
    assert.equal(await repos.country!.preload(), count)
    assert.equal((await repos.country!.all()).length, count)
    assert.equal(repos.$stats().country!.statements, 0)
    await repos.$close()
  })

  it('that is paused costs its time limit once, and no answer', async () => {
    using heard = listen(['store'])
    const store = await open({ timeout: 1_000 })
    const repos = process(store)
    await repos.$ready()
    await redis.pause()
    try {
      assert.equal((await repos.country!.findByKey('FR'))?.name, 'France')
      assert.equal((await repos.country!.findByKey('DE'))?.name, 'Germany')
      assert.ok(repos.$stats().country!.storeFailures >= 1)
      assert.deepEqual(
        heard.store.filter(({ state }) => state === 'unavailable').map(({ problem }) => problem),
        ['Redis did not answer within 1000 ms.'],
      )
      await repos.country!.update('FR', { name: 'France' })
      assert.equal((await repos.country!.findByKey('FR'))?.name, 'France')
    } finally {
      redis.resume()
    }
    await until(async () => {
      await store.read(namespaceAt('a'), ['r:1']).catch(() => {})
      return heard.store.at(-1)?.state === 'open'
    })
    await repos.$close()
  })

  it('that is killed, flushed or started again is a miss', async () => {
    const store = await open()
    const { names } = await namesIn(store)
    const client = await createClient({ url: redis.url }).connect()
    await client.flushAll()
    client.destroy()
    const flushed = await namesIn(store)
    assert.deepEqual([flushed.names, flushed.storeHits], [names, 0])
    await redis.kill()
    try {
      assert.deepEqual((await namesIn(store)).names, names)
    } finally {
      await redis.start()
    }
    await until(async () => {
      const { names: found, storeHits } = await namesIn(store)
      assert.deepEqual(found, names)
      return storeHits === KEYS.length
    })
  })

  it('whose entries somebody has altered, cut short or swapped answers none of them', async () => {
    const prefix = `altered-${++prefixes}`
    const store = await open({ prefix })
    const { names } = await namesIn(store)
    const client = (await createClient({ url: redis.url }).connect()).withTypeMapping({
      [RESP_TYPES.BLOB_STRING]: Buffer,
    })
    const keys = (await client.keys(`${prefix}:*`)).map(String)
    const values = (await Promise.all(keys.map((key) => client.get(key)))) as unknown as Buffer[]
    const alterations: ((value: Buffer, index: number) => Buffer)[] = [
      (value) => value.subarray(0, value.length - 1),
      (value) => Buffer.concat([value, Buffer.of(0)]),
      (value) => Buffer.from(value.map((byte, at) => (at === value.length - 1 ? byte ^ 1 : byte))),
      (_, index) => values[(index + 1) % values.length]!,
      () => Buffer.from('{"name":"Wrong"}'),
    ]
    for (const alter of alterations) {
      for (const [index, key] of keys.entries()) await client.set(key, alter(values[index]!, index))
      const { names: found, storeHits } = await namesIn(store)
      assert.deepEqual([found, storeHits], [names, 0])
    }
    client.destroy()
  })

  it('that takes no more says so, and is read all the same', async () => {
    using heard = listen(['store'])
    const store = await open()
    const { names } = await namesIn(store)
    const client = await createClient({ url: redis.url }).connect()
    await client.configSet('maxmemory', '1')
    try {
      await assert.rejects(store.write(namespaceAt('b'), [{ key: 'r:1', value: Buffer.alloc(10) }]), /OOM/)
      assert.equal(heard.store.at(-1)?.state, 'full')
      assert.deepEqual((await namesIn(store)).names, names)
    } finally {
      await client.configSet('maxmemory', '0')
      client.destroy()
    }
  })

  it('that takes no more says so by a client that puts the refusal in its own words', async () => {
    using heard = listen(['store'])
    const client = await createClient({ url: redis.url, disableOfflineQueue: true }).connect()
    const bytes = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })
    const command: RedisCommands['command'] = (words) =>
      bytes.sendCommand([...words]).catch(({ message }) => {
        // As valkey-glide has it.
        throw new Error(message.replace(/^OOM /, 'OOM: '))
      })
    const adapter = { command, pipeline: (commands) => Promise.all(commands.map(command)) } as RedisCommands
    const store = await open({ url: undefined, adapter })
    const entry = { key: 'r:1', value: Buffer.alloc(10) }
    await store.write(namespaceAt('b'), [entry])
    await client.configSet('maxmemory', '1')
    try {
      await assert.rejects(store.write(namespaceAt('b'), [{ ...entry, key: 'r:2' }]), /OOM/)
      assert.equal(heard.store.at(-1)?.state, 'full')
      assert.ok((await store.read(namespaceAt('b'), ['r:1']))[0], 'it is read all the same')
    } finally {
      await client.configSet('maxmemory', '0')
      client.destroy()
    }
  })

  it('refuses what cannot work', () => {
    const url = redis.url
    for (const options of [
      {},
      { url: 'secret' },
      { url, ttl: 0 },
      { url, maxage: 1 },
      { url, prefix: '{a}' },
    ]) {
      assert.throws(
        () => redisStore(options as never),
        (error) => error instanceof ConfigurationError && !error.message.includes('secret'),
      )
    }
  })
})
