import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TableMetadata } from '../../src/metadata.ts'
import { openEntry, sealEntry } from '../../src/store/entry.ts'
import { namespaceOf } from '../../src/store/namespace.ts'

const place = { address: 'a'.repeat(32), key: 'r:1' }
const now = Date.UTC(2026, 0, 1)
const maxAge = 86_400_000
const payload = Buffer.from('some values')
const sealed = () => sealEntry(place, { kind: 'row', payload, now })

describe('an entry', () => {
  it('is opened where it was written', () => {
    const bytes = sealed()
    const entry = openEntry(place, bytes, { now, maxAge })
    assert.equal(entry?.kind, 'row')
    assert.equal(bytes.toString('utf8', entry!.from, entry!.end), 'some values')
  })

  it('is none with any one bit changed', () => {
    const bytes = sealed()
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const altered = Buffer.from(bytes)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      assert.equal(openEntry(place, altered, { now, maxAge }), undefined, `bit ${bit}`)
    }
  })

  it('is none if it is cut short, goes on, or is empty', () => {
    const bytes = sealed()
    for (let length = 0; length < bytes.length; length++) {
      assert.equal(openEntry(place, bytes.subarray(0, length), { now, maxAge }), undefined)
    }
    assert.equal(openEntry(place, Buffer.concat([bytes, bytes]), { now, maxAge }), undefined)
  })

  it('is none at another key or address', () => {
    const bytes = sealed()
    assert.equal(openEntry({ ...place, key: 'r:2' }, bytes, { now, maxAge }), undefined)
    assert.equal(openEntry({ ...place, address: 'b'.repeat(32) }, bytes, { now, maxAge }), undefined)
  })

  it('is none once it is older than maxAge, or from a clock that is far ahead', () => {
    const bytes = sealed()
    assert.ok(openEntry(place, bytes, { now: now + maxAge - 1, maxAge }))
    assert.equal(openEntry(place, bytes, { now: now + maxAge, maxAge }), undefined)
    assert.ok(openEntry(place, bytes, { now: now - 1_000, maxAge }))
    assert.equal(openEntry(place, bytes, { now: now - 3_600_000, maxAge }), undefined)
  })
})

const TABLE: TableMetadata = {
  name: 'country',
  primaryKey: ['code'],
  uniqueKeys: [],
  indexes: [],
  columns: [
    { name: 'code', type: 'char', length: 2, charset: 'ascii', collation: 'ascii_bin' },
    { name: 'area', type: 'bigint' },
    { name: 'since', type: 'datetime', precision: 0 },
  ],
}
const CONTENT = { server: 'a', database: 'shop', table: 'made today', slots: '0:1 1:1' }

describe('an address', () => {
  const address = namespaceOf(TABLE, CONTENT).address

  it('is the same for the same content', () => {
    assert.match(address, /^[0-9a-f]{32}$/)
    assert.equal(namespaceOf(structuredClone(TABLE), { ...CONTENT }).address, address)
  })

  it('is the same whatever else the generated file says', () => {
    const other = { ...TABLE, constants: { code: { France: 'FR' } }, foreignKeys: {}, indexes: [] }
    assert.equal(namespaceOf(other, CONTENT).address, address)
  })

  for (const part of ['server', 'database', 'table', 'slots'] as const) {
    it(`is another one for another ${part}`, () => {
      assert.notEqual(namespaceOf(TABLE, { ...CONTENT, [part]: 'another' }).address, address)
    })
  }

  it('is another one for other columns, or the same ones decoded in another way', () => {
    const [code, area, since] = TABLE.columns
    const others: TableMetadata['columns'][] = [
      [code!, area!],
      [code!, { ...area!, as: 'bigint' }, since!],
      [code!, { ...area!, as: 'string' }, since!],
      [code!, area!, { ...since!, zeroDates: 'null' }],
      [code!, { ...area!, name: 'size' }, since!],
      [area!, code!, since!],
    ]
    const addresses = others.map((columns) => namespaceOf({ ...TABLE, columns }, CONTENT).address)
    assert.equal(new Set([address, ...addresses]).size, others.length + 1)
  })
})
