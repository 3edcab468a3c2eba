import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Store } from '../../src/store/store.ts'
import { type AnyRepositories, type Lookups, lookups, numbered } from '../support/lookups.ts'
import { readStatementForms, statementsFor } from '../support/statement-forms.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'
import { guard, readAndEnd } from '../support/store/stored-lookups.ts'

const [form] = await readStatementForms()
const KEYS = Array.from({ length: 200 }, (_, index) => index + 1)

describe('a process that begins on a store that another one is about to fill', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(numbered('item', 300))
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

  it('waits once for a process that writes nothing', async () => {
    let claims = 0
    const repos = process({
      ...createMemoryStore(),
      async claim() {
        claims++
        return false
      },
    })
    const direct = await readAndEnd(data.repositories(), (own) => own.item!.findByKeys(KEYS))
    assert.deepEqual(await repos.item!.findByKeys(KEYS.slice(0, 100)), direct.slice(0, 100))
    assert.deepEqual(await repos.item!.findByKeys(KEYS.slice(100)), direct.slice(100))
    assert.equal(claims, 1)
    await repos.$close()
  })

  it('claims the same for the same keys in another order, and something else for others', async () => {
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
    await claimed(KEYS.slice(1))
    await claimed(KEYS.slice(0, 3))
    assert.equal(claims.length, 3, 'few keys are not claimed')
    assert.equal(claims[0], claims[1])
    assert.notEqual(claims[0], claims[2])
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
    assert.equal((await repos.item!.all()).length, 300)
    await repos.$close()
    assert.ok(repos.$stats().item!.storeFailures > 0)
    assert.equal(repos.$stats().item!.storeHits, 0)
  })
})
