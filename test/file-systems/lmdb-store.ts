/**
 * Tries the lmdb store on file systems that tests of other machines may not be able to mount, and as another user: as root, on Linux.
 *
 *     npm run file-systems
 */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import { readOnly, served, smallDisk, useStore } from '../support/store/use-store.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

const NOBODY = 65_534

describe('an lmdb store on a file system of its own', () => {
  it('is read, and not written, on a file system that is read-only', async () => {
    await using folder = await createTemporaryFolder('read-only')
    const path = folder.join('store')
    await useStore(path, { text: 'one' })
    const { read, events, claims } = await useStore(path, { text: 'other', mount: readOnly(folder.path) })
    assert.deepEqual(events, ['open'])
    assert.deepEqual(read, ['one', 'one'])
    assert.deepEqual(claims, [true, true], 'nobody is waited for')
  })

  it('answers nothing on such a file system if there is none', async () => {
    await using folder = await createTemporaryFolder('read-only')
    mkdirSync(folder.join('store'))
    const { read, events } = await useStore(folder.join('store'), { mount: readOnly(folder.path) })
    assert.equal(events.length, 1)
    assert.match(events[0]!, /^unavailable: EROFS/)
    assert.deepEqual(read, [null, null])
  })

  it('is not used on a file system that another program serves, as of the network', async () => {
    await using folder = await createTemporaryFolder('served')
    const { read, events, claims } = await useStore(folder.path, { text: 'one', mount: served(folder.path) })
    assert.deepEqual(events, [
      'unavailable: the folder is on a network file system, or on one that a program serves (FUSE)',
    ])
    assert.deepEqual(read, [null, null])
    assert.deepEqual(claims, [true, true])
  })

  it('goes on reading on a disk that is full, says so once, and ends', async () => {
    await using folder = await createTemporaryFolder('full')
    const { events, read, written, failures, claims } = await useStore(folder.join('store'), {
      ...{ text: 'one', entries: 30, mount: smallDisk(folder.path, '1m') },
    })
    assert.deepEqual(events, ['open', 'full: the file cannot be written: is the disk full?'])
    assert.deepEqual(read, ['one', 'one'])
    assert.ok(written > 5 && written < 25, String(written))
    // One commit failed, after which none was tried for a while; and the record was lost.
    assert.equal(failures, 2)
    assert.equal(claims[0], true)
  })

  it('is read by a process that starts on a disk that is full', async () => {
    await using folder = await createTemporaryFolder('full')
    const [copied, disk] = [folder.join('copied'), folder.join('disk')]
    mkdirSync(disk)
    await useStore(copied, { text: 'one' })
    const { on, script } = smallDisk(disk, '1m')
    const filled = `${script} && cp -a "${copied}" "$0/store" && { dd if=/dev/zero of="$0/filler" bs=4096 2>&4 4>/dev/null || true; }`
    const { events, read } = await useStore(join(disk, 'store'), { mount: { on, script: filled } })
    assert.deepEqual([events, read], [['open'], ['one', 'one']])
  })

  it('leaves nothing behind on a disk that has no room for it', async () => {
    await using folder = await createTemporaryFolder('full')
    const mount = { ...smallDisk(folder.path, '64k'), after: 'ls "$0/store"' }
    const { events, after } = await useStore(folder.join('store'), { mount })
    assert.match(events[0]!, /^unavailable: ENOSPC/)
    assert.deepEqual(after.trim().split(/\s+/), ['claims', 'records'])
  })

  describe('whose folder belongs to another user', () => {
    it('is refused, and read if that is root', async () => {
      await using folder = await createTemporaryFolder('owners')
      chmodSync(folder.path, 0o755)
      const path = folder.join('store')
      await useStore(path, { text: 'one' })
      const [data] = readdirSync(path).filter((name) => name.endsWith('.mdb'))
      for (const name of ['', 'current', data!, `${data}-lock`]) {
        chmodSync(join(path, name), name === '' ? 0o755 : 0o644)
      }
      const asNobody = await useStore(path, { text: 'other', user: NOBODY })
      assert.deepEqual([asNobody.events, asNobody.read], [['open'], ['one', 'one']])
      const copy = folder.join('copy')
      cpSync(path, copy, { recursive: true })
      chownSync(copy, NOBODY - 1, NOBODY - 1)
      assert.match((await useStore(copy, { user: NOBODY })).error!, /belongs to another user/)
      assert.throws(() => lmdbStore({ path: copy }), /belongs to another user/)
    })

    it('answers nothing from a file that it may not read', async () => {
      await using folder = await createTemporaryFolder('owners')
      chmodSync(folder.path, 0o755)
      await useStore(folder.join('store'), { text: 'one' })
      chmodSync(folder.join('store'), 0o755)
      const { events, read } = await useStore(folder.join('store'), { user: NOBODY })
      assert.deepEqual(read, [null, null])
      assert.match(events.join(), /^unavailable: /)
    })
  })
})
