import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { cpSync, readdirSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { StoreMessage } from '../../src/index.ts'
import { namespaceAt } from '../support/store/namespace-at.ts'
import { storeFolder } from '../support/store/stored-lookups.ts'
import { useStore } from '../support/store/use-store.ts'
import { createTemporaryFolder } from '../support/temporary-folder.ts'

const PLACE = namespaceAt('a')

describe('an lmdb store', () => {
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
