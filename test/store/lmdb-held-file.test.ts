import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { openEnvironment } from '../../src/store/lmdb/environment.ts'
import { openFolder } from '../../src/store/lmdb/folder.ts'
import { createGate } from '../../src/store/lmdb/gate.ts'
import type { HeldFile } from '../../src/store/lmdb/held-file.ts'
import { startProbe } from '../../src/store/lmdb/probe.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

const ADDRESS = 'ab'.repeat(16)

describe('a held file of entries', () => {
  it('is opened though its names are gone, and does not bring them back', async () => {
    await using place = await createPlace()
    const held = place.hold()
    place.deleteNames()
    const probe = startProbe(held, { readOnly: false })
    assert.equal(await probe.open(), true)
    assert.equal(await probe.look(), 'usable')
    const environment = place.open(held)
    held.release()
    assert.equal(environment.get(ADDRESS, 'k')?.toString(), 'one')
    await environment.put(ADDRESS, 'k', Buffer.from('two'))
    assert.equal(environment.get(ADDRESS, 'k')?.toString(), 'two')
    await environment.close()
    assert.deepEqual(place.names(), [])
  })

  it('is another one than a file that took its name', async () => {
    await using place = await createPlace()
    const held = place.hold()
    place.deleteNames()
    for (const name of [place.file, `${place.file}-lock`]) writeFileSync(name, '')
    const environment = place.open(held)
    assert.equal(environment.get(ADDRESS, 'k')?.toString(), 'one')
    await environment.put(ADDRESS, 'k', Buffer.from('two'))
    await environment.close()
    held.release()
    assert.notEqual(held.inode, statSync(place.file).ino)
    assert.deepEqual(
      place.names().map((name) => statSync(name).size),
      [0, 0],
    )
  })

  it('keeps its locks when it is let go', async () => {
    await using place = await createPlace()
    const inode = statSync(`${place.file}-lock`).ino
    const held = place.hold()
    const environment = place.open(held)
    const before = locksOn(inode)
    assert.ok(before.length > 0)
    held.release()
    // One that holds it and gives up, as one that finds it in use.
    place.hold().release()
    assert.deepEqual(locksOn(inode), before)
    await environment.close()
    assert.deepEqual(locksOn(inode), [])
  })

  for (const part of ['', '-lock']) {
    it(`is none without its file “data-….mdb${part}”`, async () => {
      await using place = await createPlace()
      rmSync(`${place.file}${part}`)
      assert.equal(openFolder(place.path).hold(place.file), undefined)
    })
  }

  for (const [where, temporary] of Object.entries({
    'the temporary folder': '.',
    'the folder of the store': 'none',
  })) {
    it(`is opened by a path in ${where}, and leaves neither paths nor descriptors behind`, async () => {
      await using place = await createPlace()
      const known = process.env.TMPDIR
      process.env.TMPDIR = place.join(temporary)
      try {
        const before = [readdirSync('/proc/self/fd').length, place.everything()]
        for (let round = 0; round < 20; round++) {
          const held = place.hold()
          const environment = place.open(held)
          held.release()
          assert.equal(environment.get(ADDRESS, 'k')?.toString(), 'one')
          await environment.close()
        }
        assert.deepEqual([readdirSync('/proc/self/fd').length, place.everything()], before)
      } finally {
        if (known === undefined) delete process.env.TMPDIR
        else process.env.TMPDIR = known
      }
    })
  }
})

/** A folder with a file that has an entry. */
async function createPlace() {
  const temporary = await createTemporaryFolder('held')
  const path = temporary.join('store')
  const folder = openFolder(path)
  const { path: file } = folder.dataFile()
  const hold = () => {
    const held = folder.hold(file)
    assert.ok(held)
    return held
  }
  const names = () =>
    readdirSync(path)
      .filter((name) => /^data-.*mdb(-lock)?$/.test(name))
      .map((name) => join(path, name))
  const open = (held: HeldFile) => {
    const { path, remove } = held.pathFor('this')
    try {
      return openEnvironment(path, { readOnly: false, gate: createGate(temporary.path) })
    } finally {
      remove()
    }
  }
  const held = hold()
  const environment = open(held)
  held.release()
  await environment.put(ADDRESS, 'k', Buffer.from('one'))
  await environment.close()

  return {
    path,
    file,
    hold,
    open,
    names,
    join: temporary.join,
    everything: () => readdirSync(temporary.path, { recursive: true }).sort(),
    deleteNames() {
      for (const name of names()) rmSync(name)
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  }
}

/** The locks of this process, as the system lists them: their kind, mode and range. */
function locksOn(inode: number): string[] {
  return readFileSync('/proc/locks', 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${process.pid} `) && line.includes(`:${inode} `))
    .map((line) => line.replace(/^\d+: /, ''))
    .sort()
}
