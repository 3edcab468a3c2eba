import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Store } from '../../../src/store/store.ts'
import { namespaceAt } from './namespace-at.ts'

/** A store to be tried, and the same again as another process would open it. */
export interface StoreUnderTest {
  readonly store: Store
  /** Undefined where what it keeps ends with the object. */
  another?(): Promise<Store>
  end(): Promise<void>
}

const LONG_CLAIM = 600_000

/** What every store must do. */
export function describeStoreContract(name: string, create: () => Promise<StoreUnderTest>): void {
  const bytes = (text: string) => Buffer.from(text)
  const texts = (values: readonly (Uint8Array | undefined)[]) =>
    values.map((value) => value && Buffer.from(value).toString())

  /** Runs with a store that is ready, and ends it. */
  const withStore = (work: (tried: StoreUnderTest) => Promise<void>) => async () => {
    const tried = await create()
    try {
      await tried.store.ready()
      await work(tried)
    } finally {
      await tried.store.close()
      await tried.end()
    }
  }

  describe(`${name}, as a store`, () => {
    const a = namespaceAt('a')
    const b = namespaceAt('b')

    it(
      'answers what was written, in the order of the keys, and nothing for what was not',
      withStore(async ({ store }) => {
        await store.write(a, [
          { key: 'r:FR', value: bytes('France') },
          { key: 'r:DE', value: bytes('Germany') },
        ])
        assert.deepEqual(texts(await store.read(a, ['r:DE', 'r:XX', 'r:FR', 'r:DE'])), [
          'Germany',
          undefined,
          'France',
          'Germany',
        ])
        assert.deepEqual(await store.read(a, []), [])
      }),
    )

    it(
      'keeps namespaces apart',
      withStore(async ({ store }) => {
        await store.write(a, [{ key: 'r:1', value: bytes('one') }])
        await store.write(b, [{ key: 'r:1', value: bytes('another') }])
        assert.deepEqual(texts(await store.read(a, ['r:1'])), ['one'])
        assert.deepEqual(texts(await store.read(b, ['r:1'])), ['another'])
        assert.deepEqual(texts(await store.read(namespaceAt('c'), ['r:1'])), [undefined])
      }),
    )

    it(
      'keeps any key and any bytes as they are',
      withStore(async ({ store }) => {
        const keys = [
          'r:',
          'r:é ß 日本 😀',
          'r:\0\n"\\',
          `r:${'x'.repeat(398)}`,
          `l["a"]:${'日'.repeat(390)}`,
        ]
        const values = [
          Buffer.alloc(0),
          Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
          Buffer.alloc(3_000_000, 'large'),
          bytes('x'),
          bytes('y'),
        ]
        await store.write(
          a,
          keys.map((key, index) => ({ key, value: values[index]! })),
        )
        const read = await store.read(a, keys)
        for (const [index, value] of read.entries()) {
          // A store may leave out what is too large for it, and must not change it.
          if (value === undefined && values[index]!.length > 1_000_000) continue
          assert.ok(value && Buffer.compare(value, values[index]!) === 0, `value ${index}`)
        }
      }),
    )

    it(
      'answers the newest of what was written to a key, or an older one',
      withStore(async ({ store }) => {
        await store.write(a, [{ key: 'r:1', value: bytes('one') }])
        await store.write(a, [{ key: 'r:1', value: bytes('one more') }])
        assert.ok(['one', 'one more'].includes(texts(await store.read(a, ['r:1']))[0]!))
      }),
    )

    it(
      'answers at once the same as later, where it can',
      withStore(async ({ store }) => {
        if (!store.readNow) return
        await store.write(a, [
          { key: 'r:1', value: bytes('one') },
          { key: 'r:2', value: bytes('two') },
        ])
        assert.equal(texts([store.readNow(a, 'r:1')])[0], 'one')
        assert.equal(texts([store.readNow(a, 'r:2')])[0], 'two')
        assert.equal(store.readNow(a, 'r:3'), undefined)
        assert.equal(store.readNow(b, 'r:1'), undefined)
      }),
    )

    it(
      'does not keep bytes that the writer uses again',
      withStore(async ({ store }) => {
        const value = bytes('one')
        await store.write(a, [{ key: 'r:1', value }])
        value.fill('x')
        assert.deepEqual(texts(await store.read(a, ['r:1'])), ['one'])
      }),
    )

    it(
      'forgets one namespace, or all of them',
      withStore(async ({ store }) => {
        for (const namespace of [a, b]) await store.write(namespace, [{ key: 'r:1', value: bytes('one') }])
        await store.forget(a)
        assert.deepEqual(texts(await store.read(a, ['r:1'])), [undefined])
        assert.deepEqual(texts(await store.read(b, ['r:1'])), ['one'])
        await store.forget()
        assert.deepEqual(texts(await store.read(b, ['r:1'])), [undefined])
        await store.write(a, [{ key: 'r:1', value: bytes('again') }])
        assert.deepEqual(texts(await store.read(a, ['r:1'])), ['again'])
      }),
    )

    it(
      'gives a claim to one of those who ask',
      withStore(async (tried) => {
        const { store } = tried
        if (!store.claim) return
        const other = (await tried.another?.()) ?? store
        try {
          await other.ready()
          const claims = await Promise.all(
            [store, other, store, other].map((one) => one.claim!(a, 'batch', LONG_CLAIM)),
          )
          assert.equal(claims.filter(Boolean).length, 1)
          assert.equal(await other.claim!(a, 'another batch', LONG_CLAIM), true)
          assert.equal(await store.claim(b, 'batch', LONG_CLAIM), true)
        } finally {
          if (other !== store) await other.close()
        }
      }),
    )

    it(
      'is read by others who open it',
      withStore(async (tried) => {
        if (!tried.another) return
        await tried.store.write(a, [{ key: 'r:1', value: bytes('one') }])
        const other = await tried.another()
        await other.ready()
        assert.deepEqual(texts(await other.read(a, ['r:1'])), ['one'])
        await other.write(a, [{ key: 'r:2', value: bytes('two') }])
        await other.close()
        assert.deepEqual(texts(await tried.store.read(a, ['r:1', 'r:2'])), ['one', 'two'])
      }),
    )

    it(
      'tells the processes of its machine the last of each text',
      withStore(async (tried) => {
        const { machine } = tried.store
        if (!machine) return
        const other = await tried.another?.()
        await other?.ready()
        assert.equal(machine.get('poll'), undefined)
        await machine.put('poll', 'first')
        await machine.put('poll', 'second: é')
        await machine.put('another', 'x')
        assert.equal(machine.get('poll'), 'second: é')
        if (other) assert.equal(other.machine!.get('poll'), 'second: é')
        await other?.close()
      }),
    )

    it(
      'neither throws nor hangs once it is closed',
      withStore(async ({ store }) => {
        await store.write(a, [{ key: 'r:1', value: bytes('one') }])
        await store.close()
        await store.close()
        await Promise.allSettled([store.read(a, ['r:1']), store.write(a, []), store.forget()])
      }),
    )
  })
}
