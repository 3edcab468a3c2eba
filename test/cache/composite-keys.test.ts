import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AnyRow, type Lookups, lookups } from '../support/lookups.ts'

// Beginnings that lead to one row, to some, and to many.
const PRICES = ['A', 'B', 'B', 'C', 'C', 'C', 'C', 'C', 'C'].flatMap((country, index) =>
  index % 3 === 0
    ? [[country, index, 2024, `one-${index}`]]
    : [2024, 2025, 2026].map((year) => [country, index, year, `many-${index}-${year}`]),
)

describe('cached rows under keys of several columns', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      `create table price (country varchar(5) not null, product int not null, year int not null, label varchar(40) not null,
        primary key (country, product, year), unique key label (label, product)) collate utf8mb4_unicode_ci`,
      `insert into price values ${PRICES.map(([c, p, y, l]) => `('${c}', ${p}, ${y}, '${l}')`).join(', ')}`,
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  const cached = (maxRows: number) => data.repositories({ cache: { price: { mode: 'immutable', maxRows } } })

  it('are hits by every key, with its columns in any order', async () => {
    const price = cached(100).price!
    assert.equal(await price.preload(), PRICES.length)
    const counts = await data.counter.during(async () => {
      for (const [country, product, year, label] of PRICES) {
        const row = price.peek({ year, country, product })
        assert.deepEqual(row, { country, product, year, label })
        assert.equal(await price.findByKey({ country, product, year }), row)
        assert.equal(await price.findByKey({ product, label }), row)
        assert.equal(price.peek({ label, product }), row)
      }
    })
    assert.equal(counts.Com_select, 0)
  })

  it('are not hits for a key that differs in a column, in a type or by an extra property', async () => {
    const price = cached(100).price!
    await price.preload()
    const key = { country: 'A', product: 0, year: 2024 }
    assert.ok(price.peek(key))
    const others = [
      { ...key, country: 'Z' },
      { ...key, product: 1 },
      { ...key, year: 2025 },
      { ...key, year: '2024' },
      { ...key, more: 1 },
      { country: 'A', product: 0 },
      { label: 'one-0', product: 3 },
      Object.assign(Object.create({ year: 2024 }), { country: 'A', product: 0 }),
      new (class Key {
        country = 'A'
        product = 0
        year = 2024
      })(),
      ['A', 0, 2024],
    ]
    for (const other of others) assert.equal(price.peek(other), undefined, JSON.stringify(other))
  })

  it('are found by another spelling, which is a hit from then on', async () => {
    const price = cached(100).price!
    const row = await price.findByKey({ country: 'a', product: 0, year: 2024 })
    assert.equal(row?.country, 'A')
    const counts = await data.counter.during(async () => {
      assert.equal(await price.findByKey({ country: 'a', product: 0, year: 2024 }), row)
      assert.equal(await price.findByKey({ country: 'A', product: 0, year: 2024 }), row)
    })
    assert.equal(counts.Com_select, 0)
  })

  it('stay correct, and at most maxRows, while rows are dropped for others', async () => {
    const price = cached(4).price!
    const found: AnyRow[] = []
    let asked = 7
    for (let turn = 0; turn < 300; turn++) {
      asked = (asked * 31 + 17) % 1009
      const [country, product, year, label] = PRICES[asked % PRICES.length]!
      const key = asked % 2 ? { country, product, year } : { label, product }
      found.push((await price.findByKey(key))!)
      assert.deepEqual(found.at(-1), { country, product, year, label })
      const held = PRICES.filter(([c, p, y]) => price.peek({ country: c, product: p, year: y }) !== undefined)
      const byLabel = PRICES.filter(([, p, , l]) => price.peek({ label: l, product: p }) !== undefined)
      assert.deepEqual(byLabel, held)
      assert.ok(held.length <= 4)
    }
  })
})
