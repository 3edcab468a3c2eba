import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type Environment, openEnvironment } from '../../src/store/lmdb/environment.ts'
import { createGate } from '../../src/store/lmdb/gate.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

const ADDRESS = 'ab'.repeat(16)
const VALUE = Buffer.alloc(200, 1)

describe('a file of entries that is being closed', () => {
  let folder: string

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'kysely-lookup-store-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const open = (name: string) =>
    openEnvironment(join(folder, `${name}.mdb`), { readOnly: false, gate: createGate(folder) })

  const uses = {
    get: (file: Environment): unknown => file.get(ADDRESS, 'k'),
    put: (file: Environment): unknown => file.put(ADDRESS, 'k', VALUE),
    endReads: (file: Environment): unknown => file.endReads(),
    remove: (file: Environment): unknown => file.remove([]),
    clear: (file: Environment): unknown => file.clear(),
    keysOf: (file: Environment): unknown => file.keysOf(ADDRESS, 1),
    valueOf: (file: Environment): unknown => file.valueOf(Buffer.from('k')),
    count: (file: Environment): unknown => file.count(ADDRESS),
    sizes: (file: Environment): unknown => file.sizes(),
  }
  for (const [name, use] of Object.entries(uses)) {
    // What the library throws later on, in a timer of its own, would fail this file.
    it(`is not touched any more, and says so: ${name}`, async () => {
      const file = open(name)
      await file.put(ADDRESS, 'k', VALUE)
      assert.ok(file.get(ADDRESS, 'k'))
      const closing = file.close()
      await assert.rejects(async () => use(file), { message: 'the file is closed' })
      await closing
      await assert.rejects(async () => use(file), { message: 'the file is closed' })
      await file.close()
    })
  }

  it('has all that was to be written before', async () => {
    const file = open('writes')
    const keys = Array.from({ length: 500 }, (_, index) => `k${index}`)
    const writes = keys.map((key) => file.put(ADDRESS, key, VALUE))
    await file.close()
    await Promise.all(writes)
    const again = open('writes')
    assert.equal(again.count(ADDRESS), 500)
    await again.close()
  })
})

describe('a file of entries that grows', () => {
  // A map that is made larger while others read it is unmapped wrongly in the end.
  it('stays mapped where it is', async () => {
    await using folder = await createTemporaryFolder('grown')
    const path = folder.join('data.mdb')
    const file = openEnvironment(path, { readOnly: false, gate: createGate(folder.path) })
    const before = mapsOf(path)
    assert.equal(before.length, 1)
    for (let index = 0; index < 40; index++) await file.put(ADDRESS, `k${index}`, Buffer.alloc(100_000, 1))
    assert.ok(statSync(path).size > 4_000_000)
    assert.deepEqual(mapsOf(path), before)
    await file.close()
    assert.deepEqual(mapsOf(path), [])
  })
})

/** Where a file is in the memory of this process. */
function mapsOf(path: string): string[] {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.endsWith(path))
    .map((line) => line.split(' ')[0]!)
}
