import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigurationError, type Store, tiered } from '../../src/index.ts'
import { describeStoreContract } from '../support/store/contract.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'
import { namespaceAt } from '../support/store/namespace-at.ts'

const far = () => createMemoryStore({ isAsynchronous: true })

describeStoreContract('two stores', async () => ({
  store: tiered([createMemoryStore(), far()]),
  end: async () => {},
}))
describeStoreContract('two stores that answer later', async () => ({
  store: tiered([far(), far()]),
  end: async () => {},
}))

describe('tiered', () => {
  const place = namespaceAt('a')
  const bytes = (text: string) => Buffer.from(text)
  const texts = (values: readonly (Uint8Array | undefined)[]) =>
    values.map((value) => value && Buffer.from(value).toString())
  const failing = (): Store => ({
    ...far(),
    name: 'failing',
    read: () => Promise.reject(new Error('away')),
    write: () => Promise.reject(new Error('away')),
  })

  it('asks the next store for what one does not have, and keeps that in those before it', async () => {
    const [near, middle, last] = [createMemoryStore(), far(), far()]
    const store = tiered([near, middle, last])
    await near.write(place, [{ key: 'r:1', value: bytes('near') }])
    await last.write(place, [
      { key: 'r:1', value: bytes('far') },
      { key: 'r:2', value: bytes('two') },
    ])
    assert.deepEqual(texts(await store.read(place, ['r:2', 'r:1', 'r:3', 'r:2'])), [
      'two',
      'near',
      undefined,
      'two',
    ])
    for (const one of [near, middle]) assert.deepEqual(texts(await one.read(place, ['r:2'])), ['two'])
    assert.equal(texts([store.readNow!(place, 'r:2')])[0], 'two')
    assert.equal(near.entries.get(place.address)!.size, 2)
  })

  it('passes over a store that fails, and fails if all do', async () => {
    const kept = far()
    for (const stores of [
      [failing(), kept],
      [kept, failing()],
    ]) {
      const store = tiered(stores)
      await store.write(place, [{ key: 'r:1', value: bytes('one') }])
      assert.deepEqual(texts(await store.read(place, ['r:1', 'r:2'])), ['one', undefined])
    }
    const store = tiered([failing(), failing()])
    await assert.rejects(store.read(place, ['r:1']), /away/)
    await assert.rejects(store.write(place, [{ key: 'r:1', value: bytes('one') }]), /away/)
  })

  it('keeps entries no longer than any of its stores, and gives claims where most can see them', async () => {
    const near = { ...createMemoryStore(), maxAge: 5, claim: () => assert.fail() }
    const store = tiered([near, { ...far(), name: 'far', maxAge: 9 }])
    assert.equal(store.maxAge, 5)
    assert.equal(store.name, 'memory+far')
    assert.equal(await store.claim!(place, 'batch', 60_000), true)
    assert.equal(await store.claim!(place, 'batch', 60_000), false)
  })

  it('needs a store', () => {
    assert.throws(() => tiered([]), ConfigurationError)
  })
})
