import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createGeneration } from '../../src/cache/generation.ts'
import { createCounters } from '../../src/diagnostics/stats.ts'
import { type Key, type KeyDefinition, tableKeys } from '../../src/keys/key.ts'
import type { TableMetadata } from '../../src/metadata.ts'
import type { Entry } from '../../src/rows/row.ts'
import { createRandom } from '../support/random.ts'

const TABLE: TableMetadata = {
  name: 'place',
  primaryKey: ['id'],
  uniqueKeys: [
    { name: 'slug', columns: ['slug'] },
    { name: 'spot', columns: ['country', 'position'] },
  ],
  indexes: [],
  columns: [
    { name: 'id', type: 'int', nullable: false },
    { name: 'slug', type: 'varchar', nullable: false, charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci' },
    { name: 'country', type: 'char', nullable: false, charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci' },
    { name: 'position', type: 'int', nullable: true },
  ],
} as never

const MAX_ROWS = 50
const MAX_SPELLINGS = 4

interface Place {
  readonly id: number
  readonly slug: string
  readonly country: string
  readonly position: number | null
}

const placeAt = (id: number): Place =>
  Object.freeze({ id, slug: `place-${id}`, country: 'ABCDE'[id % 5]!, position: id % 7 === 0 ? null : id })

const keysOf = ({ id, slug, country, position }: Place): unknown[] => [
  id,
  { slug },
  ...(position === null ? [] : [{ country, position }]),
]

describe('a row of a generation', () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    it(`is found by each of its keys, whenever that key is first used: sequence ${seed}`, () => {
      const { below: next } = createRandom(seed)
      const keys = tableKeys(TABLE)
      const held = new Map<number, Entry>()
      const evicted: number[] = []
      const asked = new Set<KeyDefinition>()
      const counters = createCounters()
      const generation = createGeneration({
        ...{ keys, maxRows: MAX_ROWS, counters, asked },
        events: { evicted: () => evicted.push(1) },
      })
      const resolved = (key: unknown): Key => keys.resolve(key)!
      const first = Array.from({ length: 20 }, (_, id) => placeAt(id + 1))
      for (const entry of generation.publishAll(first as never)) held.set(entry.row.id as number, entry)

      // Keys are asked for one kind after the other, the last one when rows have been dropped already.
      const kindsAt = (step: number) => (step < 100 ? 1 : step < 300 ? 2 : 3)
      for (let step = 0; step < 600; step++) {
        const place = placeAt(1 + next(120))
        const all = keysOf(place).slice(0, kindsAt(step)).map(resolved)
        const key = all[next(all.length)]!
        const found = generation.find(key)
        assert.equal(found, held.get(place.id), 'by a key of its own')
        if (found) {
          if (next(2)) found.promise ??= Promise.resolve(found.row)
          continue
        }
        const spelled = next(3) === 0 ? resolved({ slug: `PLACE-${place.id}${' '.repeat(next(9))}` }) : key
        const entry = generation.publish(place as never, spelled)
        assert.deepEqual(entry.row, place)
        assert.equal(generation.find(spelled), entry, 'by the key that it was asked by')
        // Which one went is the hand's choice: it is the one that is found no more.
        for (const [id, other] of held) {
          if (generation.find(resolved(id)) === other) continue
          held.delete(id)
          for (const gone of keysOf(other.row as never).slice(0, kindsAt(step))) {
            assert.equal(generation.find(resolved(gone)), undefined, 'by no key of a row that was dropped')
          }
        }
        held.set(place.id, entry)
        assert.equal(held.size, counters.rowsHeld)
        assert.ok(held.size <= MAX_ROWS)
      }
      assert.equal(held.size, MAX_ROWS)
      assert.equal(evicted.length, counters.evictions)
      for (const { row } of held.values()) {
        for (const key of keysOf(row as never)) assert.equal(generation.find(resolved(key))?.row, row)
        for (const key of keysOf(row as never).slice(1)) {
          assert.equal(generation.hits.find(key as object)?.row, row, 'as an object, without being encoded')
        }
      }
      const positions = [...held.values()].filter(({ row }) => row.position !== null).length
      const { aliases } = generation.held()
      assert.ok(aliases >= held.size + positions, 'one for each other key')
      assert.ok(aliases <= held.size * (1 + MAX_SPELLINGS) + positions, 'and a few spellings')
    })
  }
})
