import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGeneration, promiseOf } from '../../src/cache/generation.ts'
import { createCounters } from '../../src/diagnostics/stats.ts'
import { type KeyDefinition, tableKeys } from '../../src/keys/key.ts'
import type { TableMetadata } from '../../src/metadata.ts'
import type { Entry, Row } from '../../src/rows/row.ts'

const TABLE: TableMetadata = {
  name: 'item',
  primaryKey: ['id'],
  uniqueKeys: [],
  indexes: [],
  columns: [{ name: 'id', type: 'int', nullable: false }],
} as never

const MAX_ROWS = 3

/** A full cache that holds the rows 1 to 3. */
function full({ version }: { readonly version: number | undefined }) {
  const keys = tableKeys(TABLE)
  const counters = createCounters()
  const asked = new Set<KeyDefinition>()
  const events = { evicted: () => {} }
  const generation = createGeneration({ keys, maxRows: MAX_ROWS, counters, asked, events, version })
  const keyOf = (id: number) => keys.resolve(id)!
  const cache = {
    generation,
    counters,
    publish: (id: number): Entry => generation.publish(rowOf(id), keyOf(id)),
    offer: (id: number): Entry => generation.offer(rowOf(id), keyOf(id)),
    held: (id: number): Entry | undefined => generation.find(keyOf(id)),
  }
  for (const id of [1, 2, 3]) assert.equal(cache.offer(id), cache.held(id), 'there is room')
  return cache
}

const rowOf = (id: number): Row => Object.freeze({ id })

describe('a full cache', () => {
  it('takes in what can be read again at little cost when it is offered a second time', () => {
    const cache = full({ version: 1 })
    assert.deepEqual(cache.offer(4).row, rowOf(4))
    assert.equal(cache.held(4), undefined)
    assert.equal(cache.counters.evictions, 0)
    const entry = cache.offer(4)
    assert.equal(cache.held(4), entry)
    assert.equal(cache.offer(4), entry)
    assert.equal(cache.counters.evictions, 1)
    assert.equal(cache.counters.rowsHeld, MAX_ROWS)
  })

  it('keeps what is used while a large table is read once', () => {
    const cache = full({ version: 1 })
    const held = [1, 2, 3].map((id) => cache.held(id))
    for (let id = 4; id < 1_000; id++) {
      assert.deepEqual(cache.offer(id).row, rowOf(id))
      for (const entry of held) promiseOf(entry!)
    }
    assert.ok(cache.counters.evictions < 10, `${cache.counters.evictions} made room`)
  })

  it('takes in at once what the server has read', () => {
    const cache = full({ version: 1 })
    assert.equal(cache.publish(4), cache.held(4))
    assert.equal(cache.counters.evictions, 1)
  })

  it('drops nothing for what is offered while a request relies on it', () => {
    const cache = full({ version: 1 })
    cache.generation.pins++
    for (let time = 0; time < 3; time++) assert.deepEqual(cache.offer(4).row, rowOf(4))
    assert.equal(cache.held(4), undefined)
    assert.equal(cache.counters.evictions, 0)
    cache.generation.pins--
    for (let time = 0; time < 2; time++) cache.offer(4)
    assert.notEqual(cache.held(4), undefined)
  })
})

describe('a row that made room and is read again', () => {
  /** The row 1, after others took its place. */
  function dropped({ version, isHit }: { readonly version: number | undefined; readonly isHit: boolean }) {
    const cache = full({ version })
    const entry = cache.held(1)!
    if (isHit) promiseOf(entry)
    for (let id = 4; cache.held(1); id++) cache.publish(id)
    return { cache, row: entry.row }
  }

  for (const version of [undefined, 1]) {
    for (const isHit of version === undefined ? [false, true] : [true]) {
      const what = `${version === undefined ? 'immutable' : 'versioned'}${isHit ? ', hit before' : ''}`

      it(`is the object that somebody still uses (${what})`, () => {
        const { cache, row } = dropped({ version, isHit })
        assert.equal(cache.offer(1).row, row, 'not held, because it is offered for the first time')
        assert.equal(cache.publish(1).row, row)
        assert.equal(cache.held(1)?.row, row)
      })
    }
  }
})
