import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { floorsOf, readArrows } from '../support/rooms.ts'

/** From the top of the house to its bottom; the rooms of one floor do not import each other. */
const FLOORS = [
  ['index.ts', 'cli', 'testing'],
  ['check', 'page'],
  ['repositories', 'redis', 'binlog'],
  ['verification', 'loading'],
  ['scope', 'codegen', 'migration'],
  ['versions', 'schema', 'opentelemetry'],
  ['cache', 'database', 'store'],
  ['keys'],
  ['rows'],
  ['columns', 'frameworks'],
  ['errors.ts', 'metadata.ts', 'diagnostics'],
]

/** What a room may know, where that is less than all floors below it. */
const NEIGHBOURS: Readonly<Record<string, readonly string[]>> = {
  frameworks: ['errors.ts'],
  page: ['database', 'diagnostics', 'errors.ts', 'repositories'],
  opentelemetry: ['database', 'diagnostics', 'errors.ts'],
  columns: ['errors.ts', 'metadata.ts'],
}

describe('the rooms of src', () => {
  const arrows = readArrows()
  const floorOf = new Map(FLOORS.flatMap((rooms, floor) => rooms.map((room) => [room, floor] as const)))

  it('are all on a floor', () => {
    const found = new Set(arrows.flatMap(({ from, to }) => [from, to]))
    assert.deepEqual([...found].sort(), [...floorOf.keys()].sort())
  })

  it('are all described in CONTRIBUTING.md', () => {
    const page = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8')
    const missing = [...floorOf.keys()].filter(
      (room) => !page.includes(`\`${room.replace(/^\w+$/, '$&/')}\``),
    )
    assert.deepEqual(missing, [])
  })

  it('import from lower floors only', () => {
    const upwards = arrows.filter(({ from, to }) => !(floorOf.get(from)! < floorOf.get(to)!))
    assert.deepEqual(upwards, [])
  })

  it('keep to their neighbours', () => {
    const strangers = arrows.filter(({ from, to }) => NEIGHBOURS[from] && !NEIGHBOURS[from].includes(to))
    assert.deepEqual(strangers, [])
  })

  it('are refused with an upward or circular import', () => {
    const upwards = { from: 'cache', to: 'loading', file: 'src/cache/generation.ts' }
    assert.throws(() => floorsOf([...arrows, upwards]), /imports go in a circle: .*cache/)
    assert.ok(arrows.length > 100, 'the imports were read')
  })
})
