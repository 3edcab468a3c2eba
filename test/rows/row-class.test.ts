import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import type { TableMetadata } from '../../src/metadata.ts'
import { createRowReader } from '../../src/rows/row.ts'

const columns = [
  { name: 'id', type: 'int' },
  { name: 'label', type: 'varchar', length: 20, charset: 'utf8mb4', collation: 'utf8mb4_bin' },
]

function tableOf(names: readonly string[] = columns.map(({ name }) => name)): TableMetadata {
  return {
    name: 'item',
    columns: names.map((name, index) => ({ ...columns[index]!, name })),
    primaryKey: [names[0]!],
    uniqueKeys: [],
    indexes: [],
  }
}

const VALUES = [1, 'one']

describe('the class of rows', () => {
  let haveSameClass: (one: unknown, other: unknown) => boolean

  before(() => {
    setFlagsFromString('--allow-natives-syntax')
    haveSameClass = new Function('one', 'other', 'return %HaveSameMap(one, other)') as typeof haveSameClass
  })

  it('is one for all that read a table', () => {
    const table = tableOf()
    const one = createRowReader(table).read(VALUES, 0)
    const other = createRowReader(table, { bigint: 'bigint' }).read(['', ...VALUES], 1)
    assert.deepEqual(other, one)
    assert.ok(haveSameClass(one, other))
  })

  it('is another one for another table, which may have the same name', () => {
    const one = createRowReader(tableOf()).read(VALUES, 0)
    const other = createRowReader(tableOf(['id', 'name'])).read(VALUES, 0)
    assert.deepEqual(other, { id: 1, name: 'one' })
    assert.ok(!haveSameClass(one, other))
  })

  it('is that of any object where a column has a name that every object has', () => {
    const table = tableOf(['constructor', '__proto__'])
    for (const reader of [createRowReader(table), createRowReader(table)]) {
      const row = reader.read(VALUES, 0)!
      assert.deepEqual(Object.entries(row), [
        ['constructor', 1],
        ['__proto__', 'one'],
      ])
    }
  })
})
