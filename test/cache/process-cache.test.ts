import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { COUNTRIES, type Lookups, lookups, numbered } from '../support/lookups.ts'

describe("the process-wide cache of an 'immutable' table", () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...COUNTRIES, ...numbered('item', 100)])
  })
  after(() => data[Symbol.asyncDispose]())

  const immutable = () => data.repositories({ cache: { country: 'immutable', item: 'immutable' } })

  it('answers every request with one row object, by any spelling of any key', async () => {
    const repos = immutable()
    const first = await repos.$request(() => repos.country!.findByKey('fr'))
    const counts = await data.counter.during(async () => {
      for (const key of ['FR', 'fr', { code: 'FR' }, { alpha3: 'FRA' }]) {
        assert.equal(await repos.$request(() => repos.country!.findByKey(key)), first)
        assert.equal(await repos.$forRequest().country!.findByKey(key), first)
        assert.equal(await repos.country!.findByKey(key), first)
      }
    })
    assert.equal(counts.Com_select, 0)
  })

  it('peek is synchronous, sends nothing and never throws', async () => {
    const repos = immutable()
    await repos.$ready()
    const counts = await data.counter.during(async () => {
      for (const key of ['FR', undefined, null, Number.NaN, {}, [], Symbol('x'), { code: 5 }]) {
        assert.equal(repos.country!.peek(key), undefined)
      }
    })
    assert.equal(counts.Com_select, 0)
    const row = await repos.country!.findByKey('FR')
    assert.equal(repos.country!.peek('FR'), row)
    assert.equal(repos.country!.peek({ alpha3: 'FRA' }), row)
    assert.equal(data.repositories().country!.peek('FR'), undefined)
  })

  it('does not keep absences: the next request finds a row that was added', async () => {
    const repos = immutable()
    const read = () => repos.$request(() => repos.country!.findByKey('NZ'))
    assert.equal(await read(), undefined)
    await data.run("insert into country values ('NZ', 'NZL', 'New Zealand', 'OC')")
    try {
      assert.equal((await read())?.name, 'New Zealand')
    } finally {
      await data.run("delete from country where code = 'NZ'")
    }
  })

  it('does not contradict a request that has seen an absence', async () => {
    const repos = immutable()
    const bound = repos.$forRequest()
    assert.equal(await bound.country!.findByKey('NZ'), undefined)
    await repos.$request(async () => {
      assert.equal(await repos.country!.findByKey('NZ'), undefined)
      await data.run("insert into country values ('NZ', 'NZL', 'New Zealand', 'OC')")
      try {
        assert.equal((await repos.$forRequest().country!.findByKey('NZ'))?.code, 'NZ')
      } finally {
        await data.run("delete from country where code = 'NZ'")
      }
      assert.equal(await repos.country!.findByKey('NZ'), undefined)
      assert.equal(await bound.country!.findByKey('NZ'), undefined)
    })
    assert.equal((await repos.country!.findByKey('NZ'))?.code, 'NZ')
  })

  it('does not keep failures', async () => {
    const repos = immutable()
    await repos.$ready()
    await data.without('country', () =>
      assert.rejects(repos.country!.findByKey('FR'), { code: 'ER_NO_SUCH_TABLE' }),
    )
    assert.equal((await repos.country!.findByKey('FR'))?.name, 'France')
    assert.equal(repos.$stats().country!.failures, 1)
  })

  it('sends a key once when concurrent requests miss it', async () => {
    const repos = immutable()
    await repos.$ready()
    const read = () => repos.$request(() => repos.item!.findByKey(5))
    const counts = await data.counter.during(async () => {
      const first = read()
      await new Promise(setImmediate)
      await Promise.all([first, ...Array.from({ length: 50 }, read)])
    })
    assert.ok(counts.Com_select <= 2, `${counts.Com_select} statements`)
    assert.equal(repos.$stats().item!.rowsHeld, 1)
  })

  it('holds at most maxRows rows, keeps those in use, and still answers correctly', async () => {
    const repos = data.repositories({ cache: { item: { mode: 'immutable', maxRows: 10 } } })
    for (let round = 0; round < 3; round++) {
      for (let id = 1; id <= 100; id++) {
        const [row, hot] = await repos.item!.findByKeys([id, 1])
        assert.equal(row?.label, `row ${id}`)
        assert.equal(hot?.label, 'row 1')
        assert.ok(repos.$stats().item!.rowsHeld <= 10)
      }
    }
    assert.notEqual(repos.item!.peek(1), undefined, 'the row asked for all the time is still there')
    assert.ok(repos.$stats().item!.evictions > 0)
    const held = Array.from({ length: 100 }, (_, index) => repos.item!.peek(index + 1)).filter(Boolean)
    assert.equal(held.length, 10)
  })

  it('answers a request with the object that it holds after the row was dropped and read again', async () => {
    const repos = data.repositories({ cache: { item: { mode: 'immutable', maxRows: 1 } } }).$forRequest()
    const first = await repos.item!.findByKey(1)
    await repos.item!.findByKey(2)
    assert.equal(repos.item!.peek(1), undefined)
    assert.equal(await repos.$forRequest().item!.findByKey(1), first)
  })

  it('does not pile up spellings of one key', async () => {
    const repos = immutable()
    for (let spaces = 0; spaces < 50; spaces++) {
      assert.equal((await repos.country!.findByKey(`fr${' '.repeat(spaces)}`))?.code, 'FR')
    }
    const before = await data.counter.during(() => repos.country!.findByKey('fr'))
    assert.equal(before.Com_select, 1, 'an old spelling is asked again')
    assert.equal(repos.$stats().country!.rowsHeld, 1)
  })

  it('preload reads the table in one statement; after it every key is a hit', async () => {
    const repos = immutable()
    await repos.$ready()
    let rows = 0
    const preload = await data.counter.during(async () => {
      rows = await repos.item!.preload()
    })
    assert.deepEqual([rows, preload.Com_select], [100, 1])
    const counts = await data.counter.during(() =>
      repos.item!.findByKeys(Array.from({ length: 100 }, (_, index) => index + 1)),
    )
    assert.equal(counts.Com_select, 0)
    assert.equal(repos.$stats().item!.hits, 100)
  })

  it('preload says what to do when it cannot help', async () => {
    await assert.rejects(data.repositories().item!.preload(), /remembered per request only.*'immutable'/)
    const small = data.repositories({ cache: { item: { mode: 'immutable', maxRows: 99 } } })
    await assert.rejects(small.item!.preload(), /more than maxRows = 99/)
  })

  it('a shared row cannot be altered', async () => {
    const row = (await immutable().country!.findByKey('FR')) as Record<string, unknown>
    assert.throws(() => {
      row.name = 'Gaul'
    }, TypeError)
    assert.throws(() => {
      delete row.name
    }, TypeError)
    assert.throws(() => Object.defineProperty(row, 'name', { value: 'Gaul' }), TypeError)
    assert.equal(row.name, 'France')
  })
})
