import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createDoorkeeper } from '../../src/cache/doorkeeper.ts'
import type { Identity } from '../../src/keys/identity.ts'

const KINDS: Readonly<Record<string, (index: number) => Identity>> = {
  integers: (index) => [index],
  'integers far apart': (index) => [index * 4_096],
  'negative integers': (index) => [-1 - index],
  'integers beyond 2^32': (index) => [2 ** 40 + index],
  bigints: (index) => [2n ** 62n + BigInt(index)],
  texts: (index) => [`row ${index}`],
  'several columns': (index) => [`country ${index % 7}`, Math.floor(index / 7)],
  'what no key leads to': (index) => `["${index}","0000-00-00"]`,
}

const MAX_ROWS = 1_000

describe('what a full cache was offered not long ago', () => {
  for (const [kind, identityAt] of Object.entries(KINDS)) {
    it(`is known when it is offered again: ${kind}`, () => {
      const doorkeeper = createDoorkeeper(MAX_ROWS)
      for (let index = 0; index < 100 * MAX_ROWS; index++) {
        doorkeeper.knows(identityAt(index))
        assert.ok(doorkeeper.knows(identityAt(index)), `${index}`)
      }
    })

    it(`is told from what was not: ${kind}`, () => {
      const doorkeeper = createDoorkeeper(MAX_ROWS)
      let known = 0
      for (let index = 0; index < 100 * MAX_ROWS; index++) if (doorkeeper.knows(identityAt(index))) known++
      assert.ok(known < MAX_ROWS / 10, `${known} of ${100 * MAX_ROWS} were taken for others`)
    })

    it(`is mostly known as long as it is about as much as the cache holds: ${kind}`, () => {
      const doorkeeper = createDoorkeeper(MAX_ROWS)
      const rows = MAX_ROWS / 2
      for (let index = 0; index < rows; index++) doorkeeper.knows(identityAt(index))
      let known = 0
      for (let index = 0; index < rows; index++) if (doorkeeper.knows(identityAt(index))) known++
      assert.ok(known > rows / 2, `${known} of ${rows}`)
    })
  }

  it('is known to a cache of one row, too', () => {
    const doorkeeper = createDoorkeeper(1)
    assert.equal(doorkeeper.knows([7]), false)
    assert.equal(doorkeeper.knows([7]), true)
  })
})
