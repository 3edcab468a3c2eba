import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { createValueReader } from '../../src/store/value-reader.ts'
import { createValueWriter, NotStorable } from '../../src/store/value-writer.ts'

function roundTrip(values: readonly unknown[]): unknown[] {
  const writer = createValueWriter()
  for (const value of values) writer.write(value)
  const bytes = writer.take()
  const reader = createValueReader()
  reader.begin(Buffer.concat([Buffer.from('before'), bytes, Buffer.from('after')]), 6, 6 + bytes.length)
  return values.map(() => reader.read())
}

// Any UTF-16, also half a surrogate pair, as a JSON column can hold.
const text = fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units))

const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true }),
    text,
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '1', '0')), tie('value'), {
      noNullPrototype: true,
    }),
  ),
})).value

const column = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -0,
    2 ** 31,
    -(2 ** 31),
    2 ** 53,
    1e308,
    5e-324,
    Number.POSITIVE_INFINITY,
  ),
  fc.integer(),
  fc.double(),
  fc.bigInt(),
  text,
  fc.string({ unit: 'grapheme', minLength: 250, maxLength: 300 }),
  fc.date(),
  fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  json,
)

describe('values in an entry', () => {
  it('are read back as they were', () => {
    fc.assert(
      fc.property(fc.array(column, { maxLength: 12 }), (values) => {
        assert.deepStrictEqual(roundTrip(values), values)
      }),
      { numRuns: 500 },
    )
  })

  it('keep the order of members, and a member called __proto__', () => {
    const value = JSON.parse('{"b":1,"a":{"__proto__":{"x":[-0,1e400]}},"2":0,"1":0}')
    const [read] = roundTrip([value])
    assert.deepStrictEqual(read, value)
    assert.equal(JSON.stringify(read), JSON.stringify(value))
    assert.ok(JSON.stringify(value).includes('__proto__'), 'it is a member, not the prototype')
  })

  it('are copies of what the bytes were', () => {
    const given = Buffer.from('abc')
    const [read] = roundTrip([given])
    given.fill('x')
    assert.equal(String(read), 'abc')
  })

  it('are refused where they could not be read back, and leave nothing behind', () => {
    class Point {}
    const deep: unknown[] = []
    for (let at = deep, left = 1_000; left > 0; left--) {
      const next: unknown[] = []
      at.push(next)
      at = next as unknown[]
    }
    const writer = createValueWriter()
    for (const value of [
      undefined,
      () => {},
      Symbol('x'),
      new Point(),
      new Map(),
      new Float32Array(2),
      deep,
    ]) {
      writer.write('something before it')
      assert.throws(() => writer.write(value), NotStorable)
    }
    writer.write(1)
    const reader = createValueReader()
    const bytes = writer.take()
    reader.begin(bytes, 0, bytes.length)
    assert.equal(reader.read(), 1)
  })
})
