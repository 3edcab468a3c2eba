import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { redisStore } from '../../src/redis/index.ts'
import type { Store } from '../../src/store/store.ts'
import { tiered } from '../../src/store/tiered.ts'
import { closedAfterFile } from '../support/closing.ts'
import { type AnyRepositories, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { type RedisServer, startRedisServer } from '../support/redis/redis-server.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'
import { age, guard, readAndEnd, storeFolder } from '../support/store/stored-lookups.ts'

type Kind = { readonly name: string; open(): Promise<Store> }

describe('rows in a store', () => {
  let data: Lookups
  let folder: Awaited<ReturnType<typeof storeFolder>>
  let shared: Store
  let redis: RedisServer
  let opened = 0

  before(async () => {
    data = await lookups([
      ...COUNTRIES,
      'create table currency (code char(3) character set ascii collate ascii_bin not null primary key, digits int not null)',
      "insert into currency values ('EUR', 2), ('JPY', 0)",
    ])
    await guard(data, { tracked: ['country'], frozen: ['currency'] })
    folder = await storeFolder()
    shared = folder.open()
    redis = await startRedisServer()
    await shared.ready()
  })
  after(async () => {
    await shared.close()
    await folder[Symbol.asyncDispose]()
    await data[Symbol.asyncDispose]()
  })

  const KINDS: readonly Kind[] = [
    { name: 'lmdb', open: async () => shared },
    {
      name: 'Redis',
      open: async () => {
        const store = redisStore({ url: redis.url, prefix: `reads-${++opened}`, timeout: 60_000 })
        closedAfterFile({ [Symbol.asyncDispose]: () => store.close() })
        await store.ready()
        return store
      },
    },
    {
      name: 'lmdb before a store that answers later',
      open: async () => tiered([shared, createMemoryStore({ isAsynchronous: true })]),
    },
    { name: 'a store that answers at once', open: async () => createMemoryStore() },
    { name: 'a store that answers later', open: async () => createMemoryStore({ isAsynchronous: true }) },
  ]

  const CACHE = { country: 'versioned', currency: 'immutable' } as const
  const process = (store: Store, more: object = {}) => data.repositories({ cache: CACHE, store, ...more })

  const readEverything = async (repos: AnyRepositories) => [
    await repos.country!.findByKey('FR'),
    await repos.country!.findByKey('fr '),
    await repos.country!.findByKey({ alpha3: 'DEU' }),
    await repos.country!.findByKey('XX'),
    await repos.country!.findByKeys(['JP', 'YY', 'US']),
    await repos.country!.findAllBy({ continent: 'EU' }),
    await repos.country!.findAllBy({ continent: 'XX' }),
    await repos.currency!.findByKeys(['EUR', 'JPY']),
  ]

  for (const { name, open } of KINDS) {
    describe(name, () => {
      it('answer another process without a lookup, as the server would', async () => {
        const store = await open()
        const first = await readAndEnd(process(store), readEverything)
        const direct = await readAndEnd(data.repositories(), readEverything)
        assert.deepEqual(first, direct)
        const repos = process(store)
        const again = await readEverything(repos)
        assert.deepEqual(again, direct)
        const { country, currency } = repos.$stats()
        assert.equal(country!.statements + currency!.statements, 0)
        assert.ok(country!.storeHits >= 7 && currency!.storeHits === 2)
        // Held by the process from then on.
        const before = repos.$stats().country!.storeHits
        assert.deepEqual(await readEverything(repos), direct)
        assert.equal(repos.$stats().country!.storeHits, before)
        assert.equal(await repos.country!.findByKey('FR'), await repos.country!.findByKey('fr '))
        await repos.$close()
      })

      it('answer requests, which keep to what they have seen', async () => {
        const store = await open()
        await readAndEnd(process(store), readEverything)
        const repos = process(store)
        await repos.$request(async () => {
          const france = await repos.country!.findByKey('FR')
          assert.equal(await repos.country!.findByKey('fr '), france)
          assert.equal(await repos.country!.findByKey({ alpha3: 'FRA' }), france)
          const [first] = await repos.country!.findAllBy({ continent: 'EU' })
          assert.equal(first, await repos.country!.findByKey('DE'))
          assert.equal(await repos.country!.findByKey('XX'), undefined)
        })
        await repos.$close()
      })

      it('do not answer a request what it was told to forget', async () => {
        const store = await open()
        await readAndEnd(process(store), readEverything)
        const repos = process(store)
        await repos.$request(async () => {
          await repos.country!.findByKey('FR')
          repos.country!.clear('JP')
          const { statements } = repos.$stats().country!
          assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
          assert.equal((await repos.country!.findAllBy({ continent: 'AS' })).length, 1)
          assert.equal(repos.$stats().country!.statements, statements + 2)
        })
        await repos.$close()
      })

      it('answer a whole table', async () => {
        const store = await open()
        const all = await readAndEnd(process(store), (repos) => repos.country!.all())
        const repos = process(store)
        assert.deepEqual(await repos.country!.all(), all)
        assert.equal(await repos.country!.preload(), 5)
        assert.equal(await repos.country!.findByKey('FR'), (await repos.country!.all())[2])
        assert.equal(repos.$stats().country!.statements, 0)
        await repos.$close()
        const another = process(store)
        assert.equal(await another.country!.preload(), 5)
        assert.equal(another.$stats().country!.statements, 0)
        assert.deepEqual(await another.country!.findByKeys(['FR', 'JP']), [all[2], all[3]])
        await another.$close()
      })

      it('are not answered after a change, by whomever', async () => {
        const store = await open()
        await readAndEnd(process(store), readEverything)
        const repos = process(store, { versions: { pollInterval: 5 } })
        assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
        await data.run("update country set name = 'Nippon' where code = 'JP'")
        try {
          const other = process(store)
          assert.equal((await other.country!.findByKey('JP'))?.name, 'Nippon')
          await other.$close()
          await until(async () => (await repos.country!.findByKey('JP'))?.name === 'Nippon')
          assert.equal(await repos.country!.update('JP', { name: 'Japan' }), 1)
          assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
        } finally {
          await data.run("update country set name = 'Japan' where code = 'JP'")
          await age(data.run)
          await repos.$close()
        }
      })

      it('hold nothing that was read before it was committed', async () => {
        const store = await open()
        const repos = process(store)
        await assert.rejects(
          repos.$transaction(async (trx) => {
            await trx.country!.update('JP', { name: 'Nippon' })
            assert.equal((await trx.country!.findByKey('JP'))?.name, 'Nippon')
            throw new Error('rolled back')
          }),
          /rolled back/,
        )
        await repos.$close()
        const other = process(store)
        assert.equal((await other.country!.findByKey('JP'))?.name, 'Japan')
        await other.$close()
      })

      it('take no absence, list or whole table of an immutable table', async () => {
        const store = await open()
        await readAndEnd(process(store), async (repos) => {
          assert.equal(await repos.currency!.findByKey('USD'), undefined)
          assert.equal(await repos.currency!.preload(), 2)
        })
        await data.run("insert into currency values ('USD', 2)")
        try {
          const repos = process(store)
          assert.deepEqual(await repos.currency!.findByKey('USD'), { code: 'USD', digits: 2 })
          assert.equal(await repos.currency!.preload(), 3)
          await repos.$close()
        } finally {
          await data.run(
            'drop trigger if exists lookup_frozen_delete_currency',
            "delete from currency where code = 'USD'",
          )
          await guard(data, { frozen: ['currency'] })
        }
      })
    })
  }

  it('are found by peek, and by no other table that has no store', async () => {
    await readAndEnd(process(shared), readEverything)
    const repos = process(shared)
    assert.equal(repos.country!.peek('FR'), undefined, 'before anything was verified')
    await repos.$ready()
    const france = repos.country!.peek('FR')
    assert.equal(france?.name, 'France')
    assert.equal(repos.country!.peek({ alpha3: 'DEU' })?.name, 'Germany')
    assert.equal(repos.country!.peek('XX'), undefined)
    assert.equal(await repos.country!.findByKey('FR'), france)
    assert.equal(repos.$stats().country!.statements, 0)
    await repos.$close()
  })

  it('answer without a turn of the event loop', async () => {
    await readAndEnd(process(shared), readEverything)
    const repos = process(shared)
    await repos.$ready()
    let turned = false
    setImmediate(() => {
      turned = true
    })
    await repos.country!.findByKey('FR')
    await repos.country!.findByKeys(['JP', 'US'])
    await repos.country!.findAllBy({ continent: 'EU' })
    assert.equal(turned, false)
    assert.equal(repos.$stats().country!.batches, 0)
    await repos.$close()
  })

  it('are stored and found by a process whose first look has seen DDL on the server, and has dropped everything', async () => {
    const store = { ...createMemoryStore(), writeAfter: 0 }
    await data.run('create table elsewhere (id int)', 'alter table elsewhere add name int')
    // The counters are read at most once in some 900 ms.
    let repos = process(store)
    await until(async () => {
      await repos.$close()
      repos = process(store)
      await repos.$ready()
      return repos.$stats().country!.generations > 1
    })
    await readAndEnd(repos, readEverything)
    assert.ok(repos.$stats().country!.statements > 0)
    const another = process(store)
    await readEverything(another)
    assert.equal(another.$stats().country!.statements + another.$stats().currency!.statements, 0)
    await another.$close()
  })

  async function until(condition: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 120_000
    while (!(await condition())) {
      if (Date.now() > deadline) throw new Error('what was waited for did not come')
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
})
