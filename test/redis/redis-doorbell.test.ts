import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient } from 'redis'
import { ConfigurationError, type Doorbell } from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { type RedisPubSub, redisDoorbell } from '../../src/redis/index.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { until } from '../support/outage/outage.ts'
import { type RedisServer, startRedisServer } from '../support/redis/redis-server.ts'
import { listen } from '../support/telemetry/heard.ts'

// Polls are off unless a test says otherwise: what is noticed, Redis has brought.
describe('the doorbell over Redis', () => {
  let data: Lookups
  let redis: RedisServer

  before(async () => {
    redis = await startRedisServer()
    data = await lookups(COUNTRIES)
    await createVersionTable(data.db)
    await trackVersion(data.db, 'country')
  })
  after(async () => {
    await data[Symbol.asyncDispose]()
    await redis[Symbol.asyncDispose]()
  })

  const repositories = (doorbell: Doorbell, versions: object = {}) =>
    data.repositories({
      cache: { country: 'versioned' },
      versions: { pollInterval: 2 ** 31 - 1, doorbell, ...versions },
    })
  const nameIn = async (repos: AnyRepositories) => (await repos.country!.findByKey('FR'))?.name
  const rename = (repos: AnyRepositories, name: string) => repos.country!.update('FR', { name })
  const rung = (repos: AnyRepositories) => repos.$stats().country!.rings

  /** Both hear: what the one rings, the other one hears. */
  async function acquainted(...all: AnyRepositories[]): Promise<void> {
    await Promise.all(all.map(nameIn))
    for (const one of all) {
      const others = all.filter((other) => other !== one)
      const before = others.map(rung)
      await until(async () => {
        await one.$refresh({ everywhere: true }).catch(() => {})
        return others.every((other, index) => rung(other) > before[index]!)
      })
    }
  }

  const adapter: () => RedisPubSub = () => ({
    async publish(channel, text) {
      const client = await createClient({ url: redis.url })
        .on('error', () => {})
        .connect()
      await client.publish(channel, text)
      client.destroy()
    },
    async subscribe(channel, { message, lost }) {
      const client = createClient({ url: redis.url, socket: { reconnectStrategy: false } })
      client.on('error', lost)
      await client.connect()
      await client.subscribe(channel, message)
      return { close: () => void (client.isOpen && client.destroy()) }
    },
  })

  for (const [what, open] of Object.entries({
    'a URL': () => redisDoorbell({ url: redis.url }),
    'a client that is not connected': () => redisDoorbell({ client: createClient({ url: redis.url }) }),
    'an adapter': () => redisDoorbell({ adapter: adapter() }),
  })) {
    it(`brings a write to the other processes, by ${what}`, async () => {
      await using writer = repositories(open())
      await using reader = repositories(open())
      await acquainted(writer, reader)
      await rename(writer, what)
      await until(async () => (await nameIn(reader)) === what)
      await writer.$transaction((trx) => trx.country!.update('FR', { name: `${what}, again` }))
      await until(async () => (await nameIn(reader)) === `${what}, again`)
    })
  }

  it('is heard by others with the same channel only, and by those who ring from outside', async () => {
    const channel = 'shop'
    await using here = repositories(redisDoorbell({ url: redis.url, channel }))
    await using there = repositories(redisDoorbell({ url: redis.url, channel }))
    await using elsewhere = repositories(redisDoorbell({ url: redis.url }))
    await nameIn(elsewhere)
    await acquainted(here, there)
    assert.equal(rung(elsewhere), 0)
    const before = rung(here)
    const client = await createClient({ url: redis.url }).connect()
    await client.publish(channel, 'hello')
    client.destroy()
    await until(() => rung(here) > before)
  })

  it('shares one connection among repositories that are given the same one, which ring each other', async () => {
    const doorbell = redisDoorbell({ url: redis.url, channel: 'shared' })
    await using one = repositories(doorbell)
    await using other = repositories(doorbell)
    await acquainted(one, other)
    const client = await createClient({ url: redis.url }).connect()
    assert.deepEqual(Object.values(await client.pubSubNumSub('shared')).map(Number), [1])
    await one.$close()
    await rename(other, 'Alone')
    await other.$close()
    await until(async () => Number(Object.values(await client.pubSubNumSub('shared'))[0]) === 0)
    client.destroy()
  })

  it('that is killed is an event and a count; polls go on, and it is heard again once it is back', async () => {
    using heard = listen(['doorbell'])
    await using writer = repositories(redisDoorbell({ url: redis.url, channel: 'killed' }))
    await using reader = repositories(redisDoorbell({ url: redis.url, channel: 'killed' }))
    await using polling = repositories(redisDoorbell({ url: redis.url, channel: 'killed' }), {
      pollInterval: 20,
    })
    await nameIn(polling)
    await acquainted(writer, reader)
    await redis.kill()
    try {
      await until(() => reader.$stats().country!.doorbellOutages === 1)
      assert.match(String(heard.doorbell.at(-1)?.error), /Error/)
      await rename(writer, 'Meanwhile')
      await until(async () => (await nameIn(polling)) === 'Meanwhile')
    } finally {
      await redis.start()
    }
    await until(async () => (await nameIn(reader)) === 'Meanwhile')
    await rename(writer, 'Afterwards')
    await until(async () => (await nameIn(reader)) === 'Afterwards')
  })

  it('that is paused keeps no read and no write waiting', async () => {
    await using writer = repositories(redisDoorbell({ url: redis.url, channel: 'paused' }))
    await using reader = repositories(redisDoorbell({ url: redis.url, channel: 'paused' }))
    await acquainted(writer, reader)
    await redis.pause()
    try {
      await rename(writer, 'Paused')
      assert.equal(await nameIn(writer), 'Paused')
    } finally {
      redis.resume()
    }
    await until(async () => (await nameIn(reader)) === 'Paused')
  })

  it('refuses what cannot work', () => {
    for (const options of [
      {},
      { url: undefined },
      { url: 'http://127.0.0.1' },
      { url: 'secret word' },
      { client: {} },
      { url: redis.url, adapter: adapter() },
    ]) {
      assert.throws(
        () => redisDoorbell(options as never),
        (error) => error instanceof ConfigurationError && !error.message.includes('secret'),
        JSON.stringify(options),
      )
    }
  })
})
