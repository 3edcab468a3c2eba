import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { arranged, isSole, type SlotVersions } from '../../src/migration/slot-arrangement.ts'
import { isComplete } from '../../src/versions/table-slots.ts'
import { CLOCK_LIMIT, SLOT_COUNTS, SOLE } from '../../src/versions/version-table.ts'
import { createRandom } from '../support/random.ts'

const sumOf = (versions: SlotVersions) => [...versions.values()].reduce((sum, version) => sum + version, 0n)
const first = (count: number) => Array.from({ length: count }, (_, slot) => slot)
const clockOf = (version: bigint) => version % BigInt(CLOCK_LIMIT)

describe('the rows of a table in the version table', () => {
  const now = 1_764_000_000_000n

  it('follow the clock from the start', () => {
    const none: SlotVersions = new Map()
    assert.deepEqual(
      arranged(none, { now, slots: first(4), sole: false }),
      new Map(first(4).map((slot) => [slot, now])),
    )
    const sole = arranged(none, { now, slots: [0], sole: true })
    assert.deepEqual([...sole], [[0, BigInt(SOLE) + now]])
  })

  it('keep the sum when they become fewer, and the clock in each', () => {
    const sixteen = new Map(first(16).map((slot) => [slot, now - BigInt(slot) - 1n]))
    for (const count of SLOT_COUNTS) {
      const next = arranged(sixteen, { now, slots: first(count), sole: count === 1 })
      assert.equal(next.size, count)
      assert.ok(sumOf(next) > sumOf(sixteen), `${count}`)
      for (const version of next.values()) assert.equal(clockOf(version), now)
      assert.equal(isSole(next), count === 1)
    }
  })

  it('take from the first what made it the only one, and keep it in the sum', () => {
    const sole = new Map([[0, BigInt(SOLE) + now]])
    for (const count of [2, 4, 8, 16]) {
      const next = arranged(sole, { now: now + 5n, slots: first(count), sole: false })
      assert.equal(next.size, count)
      assert.ok(sumOf(next) > sumOf(sole))
      for (const version of next.values()) assert.equal(clockOf(version), now + 5n)
      assert.ok(!isSole(next))
    }
  })

  it('rise by one where they are ahead of the clock', () => {
    const ahead = new Map(first(16).map((slot) => [slot, now + 100n]))
    const next = arranged(ahead, { now, slots: first(16), sole: false })
    assert.deepEqual([...next.values()], new Array(16).fill(now + 101n))
    const sole = new Map([[0, BigInt(SOLE) + now + 100n]])
    assert.deepEqual([...arranged(sole, { now, slots: [0], sole: true })], [[0, BigInt(SOLE) + now + 101n]])
  })

  it('may change hundreds of times: the sum rises, follows the clock, and stays a number', () => {
    const random = createRandom(17)
    let versions: SlotVersions = new Map()
    let [count, at] = [16, now]
    for (let change = 0; change < 400; change++) {
      count = random.pick(SLOT_COUNTS)
      at += BigInt(random.below(30 * 86_400_000))
      const before = sumOf(versions)
      const wasSole = versions.size === 1 && isSole(versions)
      // As trackVersion does it: rows for old and new triggers, writes by both, then those that stay.
      const all = [...new Set([...versions.keys(), ...first(count)])]
      const open = arranged(versions, { now: at, slots: all, sole: count === 1 && wasSole })
      const written = new Map(open)
      for (const slot of open.keys()) if (random.is(0.5)) written.set(slot, open.get(slot)! + 1n)
      at += 1_000n
      versions = arranged(written, { now: at, slots: first(count), sole: count === 1 })
      const sum = sumOf(versions)
      assert.ok(sumOf(open) > before && sum > sumOf(written))
      assert.ok(sum < BigInt(Number.MAX_SAFE_INTEGER), `${sum} after ${change} changes`)
      assert.ok(isComplete({ rows: versions.size, first: Number(versions.get(0)) }))
      for (const version of versions.values()) assert.equal(clockOf(version), at)
    }
  })
})
