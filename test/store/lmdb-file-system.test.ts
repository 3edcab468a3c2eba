import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { StoreMessage } from '../../src/index.ts'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import { namespaceAt } from '../support/store/namespace-at.ts'
import { storeFolder } from '../support/store/stored-lookups.ts'
import { readOnly, served, smallDisk, useStore } from '../support/store/use-store.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

const PLACE = namespaceAt('a')
const NOBODY = 65_534

describe('an lmdb store', () => {
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

  it('leaves nothing behind on a disk that has no room for it', async () => {
    await using folder = await createTemporaryFolder('full')
    const mount = { ...smallDisk(folder.path, '64k'), after: 'ls "$0/store"' }
    const { events, after } = await useStore(folder.join('store'), { mount })
    assert.match(events[0]!, /^unavailable: ENOSPC/)
    assert.deepEqual(after.trim().split(/\s+/), ['claims', 'records'])
  })

  it('is opened by the path that symbolic links lead to, and by any other path', async () => {
    await using folder = await createTemporaryFolder('names')
    const names = [
      'with space',
      'naïve 日本 😀',
      'quote\'s "$HOME" `x` %41 #1?',
      '-rf',
      '*',
      'a\nb',
      '..store',
    ]
    for (const name of names) {
      const path = folder.join(name)
      const { read, events } = await useStore(path, { text: name })
      assert.deepEqual([events, read], [['open'], [name, name]], name)
      symlinkSync(path, folder.join(`link to ${name}`))
      const linked = await useStore(folder.join(`link to ${name}`), {})
      assert.deepEqual(linked.read, [name, name], name)
    }
    assert.equal(readdirSync(folder.path).length, 2 * names.length)
  })

  it('may be opened twice in a process, with different limits, and closed once', async () => {
    await using folder = await storeFolder()
    const [small, large] = [folder.open({ maxBytes: 2 * 1024 ** 2 }), folder.open()]
    await Promise.all([small.ready(), large.ready()])
    await small.write(PLACE, [{ key: 'r:1', value: Buffer.from('one') }])
    await small.close()
    assert.equal(String(large.readNow!(PLACE, 'r:1')), 'one')
    for (let index = 0; index < 40; index++) {
      await large.write(PLACE, [{ key: `x:${index}`, value: Buffer.alloc(100_000, 1) }])
    }
    // The smaller limit is the other one's alone, which forgets nothing of a namespace that it writes to.
    const again = folder.open({ maxBytes: 2 * 1024 ** 2 })
    await again.write(PLACE, [{ key: 'r:2', value: Buffer.from('two') }])
    assert.equal(String((await large.read(PLACE, ['r:1']))[0]), 'one')
    assert.equal((await large.read(PLACE, ['r:2']))[0], undefined)
  })

  describe('whose folder belongs to another user', {
    skip: process.getuid?.() !== 0 && 'only root can make one',
  }, () => {
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

  it('takes another file for another one, even if it has its name', async () => {
    await using folder = await storeFolder()
    await using other = await storeFolder()
    const [one, two] = [folder.open(), other.open()]
    await one.write(PLACE, [{ key: 'r:1', value: Buffer.from('one') }])
    await two.write(PLACE, [{ key: 'r:1', value: Buffer.from('two') }])
    await two.close()
    const file = (path: string) => join(path, readdirSync(path).find((name) => name.endsWith('.mdb'))!)
    const draft = `${file(folder.path)}-copy`
    cpSync(file(other.path), draft)
    const renewed = nextState()
    renameSync(draft, file(folder.path))
    assert.equal(await renewed, 'open')
    assert.equal((await one.read(PLACE, ['r:1']))[0], undefined)
    await one.write(PLACE, [{ key: 'r:1', value: Buffer.from('again') }])
    assert.equal(String((await folder.open().read(PLACE, ['r:1']))[0]), 'again')
  })
})

function nextState(): Promise<StoreMessage['state']> {
  return new Promise((resolve) => {
    subscribe('kysely-lookup:store', function listen(message) {
      unsubscribe('kysely-lookup:store', listen)
      resolve((message as StoreMessage).state)
    })
  })
}
