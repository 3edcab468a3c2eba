import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Store } from '../../src/store/store.ts'
import type { AnyRepositories } from '../support/lookups.ts'
import { LOOKUP, nameOf, racing } from '../support/races/racing.ts'
import { createMemoryStore } from '../support/store/memory-store.ts'

describe('a race', { timeout: 300_000 }, () => {
  const race = racing()
  const { repositories, rename, polled } = race

  /** Versions need not stand before they are written. */
  const storeOf = (options: { readonly isAsynchronous?: boolean } = {}): Store => ({
    ...createMemoryStore(options),
    writeAfter: 0,
  })

  /** What another process says, which asks the store first. */
  async function answersOf(store: Store): Promise<unknown> {
    const repos = await repositories({ store })
    const answers = await readEverything(repos)
    await repos.$close()
    return answers
  }

  const readEverything = async (repos: AnyRepositories) => [
    await nameOf(repos),
    await nameOf(repos, { code: 'free' }),
    await nameOf(repos, 9),
    (await repos.plan!.findAllBy({ tier: 1 })).map(({ name }) => name),
    (await repos.plan!.all()).map(({ name }) => name),
    [await repos.plan!.findByKeys([2, 3])].flat().map((row) => row?.name),
  ]

  async function expectTheServersAnswers(store: Store): Promise<void> {
    const direct = await readEverything(await repositories())
    for (let times = 0; times < 3; times++) assert.deepEqual(await answersOf(store), direct)
  }

  let others = 100

  /** Resolves when what the process reads is stored, at the version that it knows. */
  async function storing(repos: AnyRepositories): Promise<void> {
    const { storeWrites } = repos.$stats().plan!
    while (repos.$stats().plan!.storeWrites === storeWrites) {
      assert.equal(await nameOf(repos, others++), undefined)
      await new Promise(setImmediate)
    }
  }

  for (const isAsynchronous of [false, true]) {
    const kind = isAsynchronous ? 'that answers later' : 'that answers at once'

    it(`between loads and a change leaves nothing old in a store ${kind}, at the new version`, async () => {
      const store = storeOf({ isAsynchronous })
      const repos = await repositories({ store, versions: { pollInterval: 2 } })
      const reads: (() => Promise<unknown>)[] = [
        () => nameOf(repos),
        () => nameOf(repos, { code: 'free' }),
        () => nameOf(repos, 9),
        () => repos.plan!.findAllBy({ tier: 1 }),
        () => repos.plan!.all(),
      ]
      for (const [index, read] of reads.entries()) {
        // Nobody has stored anything of this version.
        await rename(`Before ${index}`)
        await polled()
        await storing(repos)
        const load = race.held.hold(index === 4 ? /from `plan`.*order by/s : LOOKUP)
        const early = read()
        await load.waiting
        await rename(`Name ${index}`)
        await race.data.run(
          index % 2 === 0 ? "insert into plan values (9, 'new', 1, 'New')" : 'delete from plan where id = 9',
        )
        await polled()
        await storing(repos)
        load.release()
        await early
        await expectTheServersAnswers(store)
      }
      await repos.$close()
      await expectTheServersAnswers(store)
    })

    it(`between a change that moves no version and reads of other keys leaves nothing old in a store ${kind}`, async () => {
      const store = storeOf({ isAsynchronous })
      // It does not notice by itself: it holds the row as it was.
      const repos = await repositories({ store })
      assert.equal(await nameOf(repos), 'Free')
      await repos.$close()
      await untilNextSecond()
      await race.data.run(
        "alter table plan drop column name, add column name varchar(50) default 'Other' not null",
      )
      assert.equal(await nameOf(repos, 3), 'Other')
      await repos.$close()
      // What was read before is still answered; what is read now is stored as it is.
      await readEverything(repos)
      await repos.$close()
      await expectTheServersAnswers(store)
    })
  }

  it('between a request and one that was told to forget: what only the server may answer does not come from a store', async () => {
    const store = storeOf({ isAsynchronous: true })
    for (const order of ['before', 'after']) {
      const first = await repositories({ store })
      await nameOf(first)
      await first.plan!.findAllBy({ tier: 1 })
      await first.$close()
      const repos = await repositories({ store })
      const [usual, cleared] = [repos.$forRequest(), repos.$forRequest()]
      const listOf = async ({ plan }: AnyRepositories) => (await plan!.findAllBy({ tier: 1 }))[0]?.name
      await rename(`Name ${order}`)
      cleared.plan!.clear()
      const both = order === 'before' ? [cleared, usual] : [usual, cleared]
      const names = await Promise.all(both.flatMap((one) => [nameOf(one), listOf(one)]))
      const told = order === 'before' ? names.slice(0, 2) : names.slice(2)
      assert.deepEqual(told, [`Name ${order}`, `Name ${order}`], order)
    }
  })

  it('between a request that was told to forget and a whole table that is held or stored is won by the server', async () => {
    for (const store of [undefined, storeOf(), storeOf({ isAsynchronous: true })]) {
      const repos = await repositories(store ? { store } : {})
      await repos.plan!.all()
      await repos.$close()
      const name = `Name ${store ? (store.readNow ? 'now' : 'later') : 'held'}`
      await rename(name)
      await repos.$request(async () => {
        repos.plan!.clear()
        assert.equal((await repos.plan!.all())[0]!.name, name)
      })
      const other = (store ? await repositories({ store }) : repos).$forRequest()
      await rename(`${name} again`)
      other.plan!.clear(3)
      assert.equal((await other.plan!.all())[0]!.name, `${name} again`)
    }
  })

  it('between a write by this process and a store that answers late is won by the write', async () => {
    const inner = storeOf({ isAsynchronous: true })
    await readEverything(await repositories({ store: inner }))
    const asked = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    const store: Store = {
      ...inner,
      async read(namespace, keys) {
        const values = await inner.read(namespace, keys)
        asked.resolve()
        await released.promise
        return values
      },
    }
    const repos = await repositories({ store })
    const early = nameOf(repos)
    await asked.promise
    assert.equal(await repos.plan!.update(1, { name: 'Gratis' }), 1)
    const later = nameOf(repos)
    released.resolve()
    assert.equal(await early, 'Gratis')
    assert.equal(await later, 'Gratis')
  })
})

/** Creation times are whole seconds. */
function untilNextSecond(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 1_050)
  })
}
