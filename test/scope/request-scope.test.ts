import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

describe('a request scope', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(COUNTRIES)
  })
  after(() => data[Symbol.asyncDispose]())

  it('asks a key once, absences included, and answers the same object', async () => {
    const repos = data.repositories()
    await repos.$ready()
    await repos.$request(async () => {
      const first = await repos.country!.findByKey('FR')
      const counts = await data.counter.during(async () => {
        assert.equal(await repos.country!.findByKey('FR'), first)
        assert.equal(await repos.country!.findByKeyOrThrow({ alpha3: 'FRA' }), first)
      })
      assert.equal(counts.Com_select, 0)
      assert.equal(await repos.country!.findByKey('XX'), undefined)
      const absent = await data.counter.during(() => repos.country!.findByKey('XX'))
      assert.equal(absent.Com_select, 0)
      const list = await repos.country!.findAllBy({ continent: 'EU' })
      assert.equal(list[1], first, 'a list holds the objects that the request has seen')
      assert.equal(await repos.country!.findAllBy({ continent: 'EU' }), list)
    })
  })

  it('keeps answering what it has seen when the row changes meanwhile', async () => {
    const repos = data.repositories().$forRequest()
    const before = await repos.country!.findByKey('JP')
    await data.run("update country set name = 'Nippon' where code = 'JP'")
    try {
      assert.equal(await repos.country!.findByKey('JP'), before)
      assert.equal(await repos.country!.findByKey({ alpha3: 'JPN' }), before)
      assert.equal((await data.repositories().$forRequest().country!.findByKey('JP'))?.name, 'Nippon')
    } finally {
      await data.run("update country set name = 'Japan' where code = 'JP'")
    }
  })

  it('belongs to one request: others ask for themselves', async () => {
    const repos = data.repositories()
    await repos.$ready()
    const read = () => repos.$request(() => repos.country!.findByKey('FR'))
    await read()
    assert.equal((await data.counter.during(read)).Com_select, 1)
  })

  it('reaches through awaits, timers and callbacks', async () => {
    const repos = data.repositories()
    await repos.$request(async () => {
      const first = await repos.country!.findByKey('DE')
      await new Promise((resolve) => setTimeout(resolve, 1))
      await new Promise(setImmediate)
      const again = await Promise.resolve().then(() => repos.country!.findByKey('DE'))
      assert.equal(again, first)
    })
  })

  it('passes on what its function returns or throws', async () => {
    const repos = data.repositories()
    assert.equal(
      repos.$request(() => 7),
      7,
    )
    assert.throws(
      () =>
        repos.$request(() => {
          throw new Error('mine')
        }),
      /mine/,
    )
    await assert.rejects(
      repos.$request(async () => {
        throw new Error('mine too')
      }),
      /mine too/,
    )
  })

  it('is not needed: a read outside one is batched and not remembered', async () => {
    const repos = data.repositories()
    await repos.$ready()
    const counts = await data.counter.during(async () => {
      await Promise.all([repos.country!.findByKey('FR'), repos.country!.findByKey('DE')])
      await repos.country!.findByKey('FR')
    })
    assert.equal(counts.Com_select, 2)
  })

  it('forgets a failed read: the next call asks again', async () => {
    const repos = data.repositories().$forRequest()
    await repos.$ready()
    await data.without('country', () =>
      assert.rejects(repos.country!.findByKey('FR'), { code: 'ER_NO_SUCH_TABLE' }),
    )
    assert.equal((await repos.country!.findByKey('FR'))?.name, 'France')
  })

  it('forgets a row under all its keys, or the whole table, with clear', async () => {
    const repos = data.repositories().$forRequest()
    const [fr, de] = await repos.country!.findByKeys(['FR', 'DE'])
    repos.country!.clear({ alpha3: 'FRA' })
    assert.notEqual(await repos.country!.findByKey('FR'), fr)
    assert.equal(await repos.country!.findByKey('DE'), de)
    repos.country!.clear()
    assert.notEqual(await repos.country!.findByKey('DE'), de)
    data.repositories().country!.clear('FR')
  })

  it('learns a row under all its keys with prime, which never overwrites', async () => {
    const repos = data.repositories().$forRequest()
    const row = { code: 'QQ', alpha3: 'QQQ', name: 'Primed', continent: 'EU' }
    repos.country!.prime(row)
    const counts = await data.counter.during(async () => {
      const primed = await repos.country!.findByKey('QQ')
      assert.deepEqual(primed, row)
      assert.ok(Object.isFrozen(primed))
      assert.equal(await repos.country!.findByKey({ alpha3: 'QQQ' }), primed)
      repos.country!.prime({ ...row, name: 'Late' })
      assert.equal(await repos.country!.findByKey('QQ'), primed)
    })
    assert.equal(counts.Com_select, 0)
    assert.throws(() => repos.country!.prime({ code: 'QQ' }), /without alpha3, name, continent/)
  })

  it('keeps a row that the process held for it and has dropped since, against a late prime', async () => {
    const cache = { country: { mode: 'immutable', maxRows: 1 } } as const
    const repos = data.repositories({ cache })
    await repos.country!.findByKey('FR')
    const { country } = repos.$forRequest()
    const fr = await country!.findByKey('FR')
    await repos.country!.findByKey('DE')
    country!.prime({ ...fr, name: 'Late' })
    assert.equal(await country!.findByKey('FR'), fr)
    assert.equal(await country!.findByKey({ alpha3: 'FRA' }), fr)
  })

  it('keeps a row that the cache has dropped since, under all its keys and against a late prime', async () => {
    const cache = { country: { mode: 'immutable', maxRows: 1 } } as const
    const { country } = data.repositories({ cache }).$forRequest()
    const fr = await country!.findByKey('FR')
    for (const key of ['DE', 'JP']) await country!.findByKey(key)
    country!.prime({ ...fr, name: 'Late' })
    const counts = await data.counter.during(async () => {
      assert.equal(await country!.findByKey({ alpha3: 'FRA' }), fr)
      assert.equal(await country!.findByKey('FR'), fr)
    })
    assert.equal(counts.Com_select, 0)
    country!.clear({ alpha3: 'FRA' })
    const { Com_select } = await data.counter.during(() => country!.findByKey('FR'))
    assert.equal(Com_select, 1, 'forgotten by its other key, too')
  })

  it('keeps a row that the process holds against a late prime, when an absence makes it ask for itself', async () => {
    const { country } = data.repositories({ cache: { country: 'immutable' } }).$forRequest()
    const fr = await country!.findByKey('FR')
    assert.equal(await country!.findByKey('QQ'), undefined)
    country!.prime({ ...fr, name: 'Late' })
    assert.equal(await country!.findByKey({ alpha3: 'FRA' }), fr)
    assert.equal((await country!.findAllBy({ continent: 'EU' }))[1], fr)
  })

  it('answers one object for a row, in whichever order its keys are asked for', async () => {
    const repos = data.repositories()
    const keys = ['FR', 'fr', { alpha3: 'FRA' }]
    const orders = keys.flatMap((first) => {
      const [second, third] = keys.filter((key) => key !== first)
      return [
        [first, second, third],
        [first, third, second],
      ]
    })
    for (const together of [true, false]) {
      for (const order of orders) {
        await repos.$request(async () => {
          const rows: unknown[] = []
          if (together) rows.push(...(await Promise.all(order.map((key) => repos.country!.findByKey(key)))))
          else for (const key of order) rows.push(await repos.country!.findByKey(key))
          const list = await repos.country!.findAllBy({ continent: 'EU' })
          const found = [...rows, list.find(({ code }) => code === 'FR')]
          assert.equal(new Set(found).size, 1, JSON.stringify({ order, together }))
          repos.country!.clear('FR')
          assert.notEqual(await repos.country!.findByKey('FR'), rows[0])
        })
      }
    }
  })

  it('is counted while it is open; one that is passed around, until nobody holds it', async () => {
    const repos = data.repositories()
    const scopes = () => repos.$stats().country!.scopes
    await repos.$request(async () => {
      assert.equal(scopes(), 0, 'a scope that has not touched the table costs nothing')
      await repos.country!.findByKey('FR')
      assert.equal(scopes(), 1)
      await repos.$request(() => repos.country!.findByKey('FR'))
      assert.equal(scopes(), 1)
    })
    assert.equal(scopes(), 0)
    await assert.rejects(
      repos.$request(async () => {
        await repos.country!.findByKey('FR')
        throw new Error('mine')
      }),
    )
    assert.equal(scopes(), 0)
    const bound = repos.$forRequest()
    await bound.country!.findByKey('FR')
    assert.equal(scopes(), 1)
  })

  it('is not counted again after its end by what still runs in it', async () => {
    const repos = data.repositories()
    const ended = Promise.withResolvers<void>()
    let late: Promise<unknown> | undefined
    await repos.$request(async () => {
      late = ended.promise.then(async () => {
        const first = await repos.country!.findByKey('FR')
        assert.equal(await repos.country!.findByKey('FR'), first)
      })
    })
    ended.resolve()
    await late
    assert.equal(repos.$stats().country!.scopes, 0)
  })

  it('is reached by $table and by name, and knows no other tables', () => {
    const repos = data.repositories()
    assert.equal(repos.$table('country'), repos.country)
    assert.throws(() => repos.$table('nothing'), /no table "nothing"/)
    assert.equal(repos.nothing, undefined)
  })
})
