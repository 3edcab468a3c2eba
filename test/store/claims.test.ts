import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClaim } from '../../src/loading/claims.ts'
import type { Store, StoreNamespace } from '../../src/store/store.ts'
import { type AnyRepositories, type Lookups, lookups, numbered } from '../support/lookups.ts'
import { readStatementForms, statementsFor } from '../support/statement-forms.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'
import { guard, readAndEnd } from '../support/store/stored-lookups.ts'

const [form] = await readStatementForms()
const KEYS = Array.from({ length: 200 }, (_, index) => index + 1)
/** More than are written at a time. */
const MANY = Array.from({ length: 1_200 }, (_, index) => index + 1)

describe('a process that begins on a store that another one is about to fill', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(numbered('item', 1_300))
    await guard(data, { tracked: ['item'] })
  })
  after(() => data[Symbol.asyncDispose]())

  const process = (store: Store) => data.repositories({ cache: { item: 'versioned' }, store })
  const readKeys = (repos: AnyRepositories): Promise<readonly unknown[]> => repos.item!.findByKeys(KEYS)
  const readAll = (repos: AnyRepositories): Promise<readonly unknown[]> => repos.item!.all()

  for (const isAsynchronous of [false, true]) {
    const name = isAsynchronous ? 'that answers later' : 'that answers at once'
    for (const read of [readKeys, readAll]) {
      it(`takes the rows that the other one has written: ${read.name}, from a store ${name}`, async () => {
        const direct = await readAndEnd(data.repositories({ cache: { item: 'versioned' } }), read)
        const inner = createMemoryStore({ isAsynchronous })
        const claims: string[] = []
        const store: Store = {
          ...inner,
          async claim(_, claim) {
            claims.push(claim)
            await readAndEnd(process(inner), read)
            return false
          },
        }
        const repos = process(store)
        assert.deepEqual(await read(repos), direct)
        assert.equal(claims.length, 1)
        assert.equal(repos.$stats().item!.statements, 0)
        await repos.$close()
      })

      it(`reads by itself where the other one writes nothing: ${read.name}, from a store ${name}`, async () => {
        const direct = await readAndEnd(data.repositories({ cache: { item: 'versioned' } }), read)
        const repos = process({ ...createMemoryStore({ isAsynchronous }), claim: async () => false })
        assert.deepEqual(await read(repos), direct)
        const statements = read === readAll ? 1 : statementsFor(form, KEYS.length)
        assert.equal(repos.$stats().item!.statements, statements)
        await repos.$close()
      })
    }
  }

  for (const isAsynchronous of [false, true]) {
    it(`waits for the rest of a batch of which some rows are written, from a store that answers ${isAsynchronous ? 'later' : 'at once'}`, async () => {
      const inner = createMemoryStore({ isAsynchronous })
      const [begun, rest] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const claim = (namespace: StoreNamespace, name: string) => inner.claim!(namespace, name, 3_600_000)
      const first = process({
        ...inner,
        claim,
        async write(...written) {
          await inner.write(...written)
          begun.resolve()
          await rest.promise
        },
      })
      const rows = await first.item!.findByKeys(MANY)
      await begun.promise
      let refused = 0
      const repos = process({
        ...inner,
        async claim(...what) {
          assert.equal(await claim(what[0], what[1]), false)
          refused++
          rest.resolve()
          await first.$close()
          return false
        },
      })
      assert.deepEqual(await repos.item!.findByKeys(MANY), rows)
      assert.equal(refused, 1)
      assert.equal(repos.$stats().item!.statements, 0)
      await repos.$close()
    })
  }

  it('takes the claim of a process that has ended, and then what was written meanwhile', async () => {
    for (const isWritten of [false, true]) {
      const inner = createMemoryStore()
      let claims = 0
      const repos = process({
        ...inner,
        async claim() {
          claims++
          if (claims === 2 && isWritten) await readAndEnd(process(inner), readKeys)
          return claims === 2
        },
      })
      const direct = await readAndEnd(data.repositories(), readKeys)
      assert.deepEqual(await readKeys(repos), direct)
      assert.equal(claims, 2)
      assert.equal(repos.$stats().item!.statements, isWritten ? 0 : statementsFor(form, KEYS.length))
      await repos.$close()
    }
  })

  it('waits less and less for a process that writes nothing', async () => {
    let looks = 0
    const inner = createMemoryStore()
    const repos = process({
      ...inner,
      async read(...what) {
        looks++
        return inner.read(...what)
      },
      claim: async () => false,
    })
    const looked: number[] = []
    for (let batch = 0; batch < 5; batch++) {
      const keys = MANY.slice(batch * KEYS.length, (batch + 1) * KEYS.length)
      const before = looks
      assert.equal((await repos.item!.findByKeys(keys)).filter((row) => row).length, KEYS.length)
      looked.push(looks - before)
    }
    assert.ok(looked[0]! > 0)
    assert.equal(looked[4], 0)
    await repos.$close()
  })

  it('claims the same for the same keys in another order and for the last of them, and something else for others', async () => {
    const claims: string[] = []
    const claimed = async (keys: readonly number[]) => {
      const repos = process({
        ...createMemoryStore(),
        async claim(_, claim) {
          claims.push(claim)
          return true
        },
      })
      await repos.item!.findByKeys(keys)
      await repos.$close()
    }
    await claimed(KEYS)
    await claimed(KEYS.toReversed())
    await claimed([...KEYS].sort().slice(KEYS.length / 2))
    await claimed(MANY)
    await claimed(KEYS.slice(0, 3))
    assert.equal(claims.length, 4, 'few keys are not claimed')
    assert.deepEqual([...new Set(claims.slice(0, 3))], [claims[0]])
    assert.notEqual(claims[3], claims[0])
  })

  it('waits for others only, not for what it has claimed itself, as before a statement that failed', async () => {
    const inner = createMemoryStore()
    let asked = 0
    const store: Store = {
      ...inner,
      async claim(namespace, name) {
        asked++
        return inner.claim!(namespace, name, 3_600_000)
      },
    }
    const [one, other] = [createClaim(store), createClaim(store)]
    const namespace = (address: string) => ({ database: 'shop', table: 'item', address })
    assert.deepEqual([await one(namespace('1'), 'r:1'), await one(namespace('1'), 'r:1')], [true, true])
    assert.equal(asked, 1)
    assert.equal(await other(namespace('1'), 'r:1'), false)
    assert.equal(await one(namespace('2'), 'r:1'), true, 'of another version')
    assert.equal(await other(namespace('2'), 'r:1'), false)
    assert.equal(asked, 4)
  })

  it('goes on with a store that fails in every way', async () => {
    const failure = async () => {
      throw new Error('the store is broken')
    }
    const direct = await readAndEnd(data.repositories(), readKeys)
    const broken: Store = {
      ...createMemoryStore(),
      readNow() {
        throw new Error('the store is broken')
      },
      read: failure,
      write: failure,
      claim: failure,
    }
    const repos = process(broken)
    assert.deepEqual(await readKeys(repos), direct)
    assert.equal((await repos.item!.findByKey(300))?.label, 'row 300')
    assert.equal(repos.item!.peek(250), undefined)
    assert.equal((await repos.item!.all()).length, 1_300)
    await repos.$close()
    assert.ok(repos.$stats().item!.storeFailures > 0)
    assert.equal(repos.$stats().item!.storeHits, 0)
  })
})
