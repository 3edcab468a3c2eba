import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IntegerMap } from '../../src/keys/integer-map.ts'
import { createRandom } from '../support/random.ts'

const LARGEST = 2 ** 32 - 1

/** Keys that an array would turn into another key, or ignore. */
const ODD = [
  ...['1', '0', '', 'length', 'constructor', '__proto__', null, undefined, true, 1n, 2n ** 64n],
  ...[-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, LARGEST - 1, LARGEST, LARGEST + 1],
]

describe('IntegerMap', () => {
  it('finds by the keys that a Map finds by, and by no others', () => {
    const map = new IntegerMap<string>()
    const like = new Map<unknown, string>()
    for (const key of [0, 1, 2]) {
      map.set(key, `row ${key}`)
      like.set(key, `row ${key}`)
    }
    for (const key of ODD) assert.equal(map.get(key), undefined, String(key))
    for (const key of ODD) {
      map.set(key, `odd ${String(key)}`)
      like.set(key, `odd ${String(key)}`)
    }
    for (const key of [...ODD, -0, 0, 1, 2, 3]) assert.equal(map.get(key), like.get(key), String(key))
    assert.equal(map.size, like.size)
  })

  it('finds every key of a table that is held partly and in any order', () => {
    const map = new IntegerMap<number>()
    const keys = Array.from({ length: 10_000 }, (_, index) => ((index * 7_919) % 20_000) + 1)
    for (const key of keys) map.set(key, -key)
    for (const key of keys) assert.equal(map.get(key), -key)
    assert.equal(map.size, new Set(keys).size)
  })

  const spreads = {
    'counted up': (index: number) => index,
    'counted down': (index: number) => 20_000 - index,
    'with gaps': (index: number) => index * 3,
    sparse: (index: number) => index * 1_000_003,
    'far up': (index: number) => 4_294_967_000 + index,
    random: (index: number) => (index * 7_919) % 60_000,
  }
  for (const [spread, keyAt] of Object.entries(spreads)) {
    it(`holds what a Map holds, whatever is set and deleted: ${spread}`, () => {
      const map = new IntegerMap<number>()
      const like = new Map<number, number>()
      const { below: next } = createRandom(7)
      for (let step = 0; step < 40_000; step++) {
        const key = keyAt(next(Math.min(20_000, step + 1)))
        if (next(4) === 0) {
          map.delete(key)
          like.delete(key)
        } else {
          map.set(key, step)
          like.set(key, step)
        }
      }
      assert.equal(map.size, like.size)
      for (let index = 0; index < 20_000; index++) assert.equal(map.get(keyAt(index)), like.get(keyAt(index)))
    })
  }
})
