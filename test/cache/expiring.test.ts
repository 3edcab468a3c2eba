import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clocks } from '../support/clocks.ts'
import type { AnyRepositories } from '../support/lookups.ts'
import { LOOKUP, NEW_PLAN, nameOf, racing } from '../support/races/racing.ts'

const MAX_AGE = 60_000
/** More than a test takes between two reads, on any machine. */
const MARGIN = 30_000

describe("the process-wide cache of an 'expiring' table", () => {
  const race = racing()
  const time = clocks()

  const expiring = (more: object = {}) =>
    race.repositories({ cache: { plan: { mode: 'expiring', maxAge: MAX_AGE, ...more } } })

  const read = {
    row: (repos: AnyRepositories) => repos.plan!.findByKey(1),
    'row by another key': (repos: AnyRepositories) => repos.plan!.findByKey({ code: 'team' }),
    'rows together': (repos: AnyRepositories) => repos.plan!.findByKeys([1, 2, 1]),
    absence: (repos: AnyRepositories) => repos.plan!.findByKey(7),
    list: (repos: AnyRepositories) => repos.plan!.findAllBy({ tier: 1 }),
    'whole table': (repos: AnyRepositories) => repos.plan!.all(),
  }

  async function statements(work: () => unknown): Promise<number> {
    return (await race.data.counter.during(work)).Com_select
  }

  for (const [what, ask] of Object.entries(read)) {
    it(`answers for maxAge and no longer: ${what}`, async () => {
      const repos = await expiring()
      const first = await ask(repos)
      time.pass(MAX_AGE - MARGIN)
      assert.equal(await statements(async () => assert.deepEqual(await ask(repos), first)), 0)
      assert.equal(await statements(() => repos.$request(() => ask(repos))), 0, 'in a request')
      time.pass(MARGIN)
      assert.equal(await statements(() => ask(repos)), 1)
      assert.equal(await statements(() => ask(repos)), 0, 'what was read then')
    })

    it(`counts the age from the sending of the statement: ${what}`, async () => {
      const repos = await expiring()
      const held = race.held.hold(what === 'whole table' ? /order by .* limit/ : LOOKUP)
      const first = ask(repos)
      await held.waiting
      time.pass(MAX_AGE - MARGIN)
      held.release()
      await first
      assert.equal(await statements(() => ask(repos)), 0)
      time.pass(MARGIN)
      assert.equal(await statements(() => ask(repos)), 1)
    })
  }

  it('peek answers for maxAge and no longer', async () => {
    const repos = await expiring({ refreshAfter: 100 })
    await repos.plan!.preload()
    await repos.plan!.findByKey({ code: 'free ' })
    time.pass(MAX_AGE - MARGIN)
    for (const key of [1, { code: 'free' }, { code: 'free ' }])
      assert.equal(repos.plan!.peek(key)?.name, 'Free')
    time.pass(MARGIN)
    for (const key of [1, { code: 'free' }, { code: 'free ' }]) assert.equal(repos.plan!.peek(key), undefined)
    assert.equal(repos.$stats().plan!.refreshes, 0, 'peek sends nothing')
  })

  it('answers nothing that has expired while the event loop was blocked', async () => {
    const repos = await expiring({ maxAge: 100 })
    await repos.plan!.findByKey(1)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 120)
    assert.equal(repos.plan!.peek(1), undefined)
    assert.equal(await statements(() => repos.plan!.findByKey(1)), 1)
  })

  it('counts the time for which the machine was suspended', async () => {
    const repos = await expiring()
    await repos.plan!.findByKey(1)
    time.set(MAX_AGE)
    assert.equal(await statements(() => repos.plan!.findByKey(1)), 1)
  })

  it('does not get younger when the clock is set back', async () => {
    const repos = await expiring()
    await repos.plan!.findByKey(1)
    time.set(-3_600_000)
    assert.equal(repos.plan!.peek(1)?.name, 'Free')
    time.pass(MAX_AGE)
    assert.equal(repos.plan!.peek(1), undefined)
  })

  it('keeps the answer to the last statement sent, whichever is answered last', async () => {
    const repos = await expiring()
    const late = race.held.hold(LOOKUP)
    const early = nameOf(repos)
    await late.waiting
    await race.rename('Gratis')
    time.pass(10)
    assert.equal(await nameOf(repos, { code: 'free' }), 'Gratis')
    late.release()
    assert.equal(await early, 'Free', 'who asked before the change')
    assert.equal(await nameOf(repos), 'Gratis')
    assert.equal(await nameOf(repos, { code: 'free' }), 'Gratis')
  })

  it('keeps the absence that was read last, and a row that has come since', async () => {
    const repos = await expiring()
    const late = race.held.hold(LOOKUP)
    const early = repos.plan!.findAllBy({ tier: 1 })
    await late.waiting
    await race.data.run('delete from plan where id = 1')
    time.pass(10)
    assert.equal(await nameOf(repos), undefined)
    late.release()
    assert.equal((await early).length, 2)
    assert.equal(await nameOf(repos), undefined)
    time.pass(10)
    await race.data.run("insert into plan values (1, 'free', 1, 'Back')")
    assert.equal(await nameOf(repos, { code: 'free' }), 'Back')
    assert.equal(await nameOf(repos), 'Back')
  })

  it('does not answer a key with a row that has lost that key', async () => {
    const repos = await expiring()
    const late = race.held.hold(LOOKUP)
    const early = nameOf(repos, { code: 'free' })
    await late.waiting
    await race.data.run(
      "update plan set code = 'old' where id = 1",
      "update plan set code = 'free' where id = 2",
    )
    time.pass(10)
    assert.equal(await nameOf(repos, 2), 'Team')
    late.release()
    assert.equal(await early, 'Free')
    assert.equal(await nameOf(repos, { code: 'free' }), 'Team')
    assert.equal(await nameOf(repos, 1), 'Free')
    assert.equal((await repos.plan!.findByKey(1))?.code, 'old')
  })

  it('drops the rows that are no longer in the whole table', async () => {
    const repos = await expiring()
    await repos.plan!.findByKeys([1, 2, 3])
    await race.data.run('delete from plan where id = 2')
    time.pass(10)
    const all = await repos.plan!.all()
    assert.deepEqual(
      all.map(({ id }) => id),
      [1, 3],
    )
    assert.equal(repos.plan!.peek(2), undefined)
    assert.equal(repos.plan!.peek(1), all[0])
    assert.equal(repos.$stats().plan!.rowsHeld, 2)
  })

  it('holds at most maxRows rows, and drops expired ones first', async () => {
    const repos = await expiring({ maxRows: 2 })
    await repos.plan!.findByKey(1)
    time.pass(MAX_AGE)
    await repos.plan!.findByKey(2)
    await repos.plan!.findByKey(1)
    time.pass(MAX_AGE / 2)
    await repos.plan!.findByKey(1)
    await repos.plan!.findByKey(3)
    const { rowsHeld, evictions } = repos.$stats().plan!
    assert.deepEqual([rowsHeld, evictions], [2, 1])
    await assert.rejects(repos.plan!.all(), /more than maxRows = 2/)
  })

  it('finds a row by another spelling after it was read again', async () => {
    const repos = await expiring()
    await repos.plan!.findByKey({ code: 'free ' })
    time.pass(MAX_AGE)
    await repos.plan!.findByKey(1)
    assert.equal(await statements(() => repos.plan!.findByKey({ code: 'free ' })), 0)
  })

  describe('with writes of this process', () => {
    it('is dropped by a write, with all that was sent before it', async () => {
      const repos = await expiring()
      await repos.plan!.all()
      const late = race.held.hold(LOOKUP)
      const early = repos.plan!.findByKey(7)
      await late.waiting
      await repos.plan!.update(1, { name: 'Gratis' })
      await repos.plan!.insert({ ...NEW_PLAN, id: 7 })
      late.release()
      assert.equal(await early, undefined)
      assert.equal(await nameOf(repos), 'Gratis')
      assert.equal(await nameOf(repos, 7), 'New')
      assert.equal((await repos.plan!.findAllBy({ tier: 1 })).length, 3)
      assert.equal((await repos.plan!.all()).length, 4)
    })

    it('is dropped by a transaction that wrote it, on commit', async () => {
      const repos = await expiring()
      assert.equal(await nameOf(repos), 'Free')
      await repos.$request(async () => {
        assert.equal(await nameOf(repos), 'Free')
        await repos.$transaction(async (trx) => {
          await trx.plan!.update(1, { name: 'Gratis' })
          assert.equal(await nameOf(repos), 'Free', 'not yet')
        })
        assert.equal(await nameOf(repos), 'Gratis', 'in the request that wrote')
        assert.equal(await statements(() => repos.$forRequest().plan!.findByKey(1)), 0)
      })
      assert.equal(await nameOf(repos), 'Gratis')
    })

    it('is dropped only by a transaction with queries of its own', async () => {
      const repos = await expiring()
      assert.equal(await nameOf(repos), 'Free')
      await race.rename('Other')
      await repos.$transaction((trx) => trx.city!.findByKey(1))
      assert.equal(await nameOf(repos), 'Free')
      await repos.$transaction((trx) =>
        trx.$db.updateTable('plan').set({ name: 'Gratis' }).where('id', '=', 1).execute(),
      )
      assert.equal(await nameOf(repos), 'Gratis')
    })
  })

  describe('in a request', () => {
    it('shows what was seen first as long as the request lasts', async () => {
      const repos = await expiring()
      const first = await repos.plan!.findByKey(1)
      await repos.$request(async () => {
        assert.equal(await repos.plan!.findByKey(1), first)
        assert.equal(await repos.plan!.findByKey(7), undefined)
        const list = await repos.plan!.findAllBy({ tier: 1 })
        await race.rename('Gratis')
        await race.data.run("insert into plan values (7, 'new', 1, 'New')")
        time.pass(MAX_AGE)
        assert.equal(await nameOf(repos.$forRequest()), 'Gratis')
        assert.equal(await repos.plan!.findByKey(1), first)
        assert.equal(await repos.plan!.findByKey({ code: 'free' }), first)
        assert.equal(await repos.plan!.findByKey(7), undefined)
        assert.equal(await repos.plan!.findAllBy({ tier: 1 }), list)
      })
    })

    it('shows a row as it was seen in what was read of the whole table before', async () => {
      const repos = await expiring()
      await repos.plan!.all()
      await repos.plan!.findAllBy({ tier: 1 })
      await race.rename('Gratis')
      time.pass(10)
      await repos.$request(() => {
        repos.plan!.clear(1)
        return repos.plan!.findByKey(1)
      })
      // The process holds the row as it is, and the table and the list as they were.
      assert.equal((await repos.plan!.all())[0]?.name, 'Free')
      assert.equal((await repos.plan!.findAllBy({ tier: 1 }))[0]?.name, 'Free')
      await repos.$request(async () => {
        const row = await repos.plan!.findByKey(1)
        assert.equal(row?.name, 'Gratis')
        assert.equal((await repos.plan!.all())[0], row)
        assert.equal((await repos.plan!.findAllBy({ tier: 1 }))[0], row)
      })
    })

    it('answers a repeated key from what the request has seen, and counts it as that', async () => {
      const repos = await expiring()
      await repos.$request(async () => {
        const first = await repos.plan!.findByKey(1)
        await race.rename('Gratis')
        time.pass(MAX_AGE)
        for (let again = 1; again <= 3; again++) {
          assert.equal(await repos.plan!.findByKey(1), first)
          assert.equal(repos.$stats().plan!.scopeHits, again)
        }
        repos.plan!.clear(1)
        assert.equal(await nameOf(repos), 'Gratis')
        assert.equal(await nameOf(repos), 'Gratis')
        await race.rename('Zero')
        repos.plan!.clear()
        assert.equal(await nameOf(repos), 'Zero')
        await assert.rejects(repos.plan!.findByKey('1'), { code: 'KYSELY_LOOKUP_INVALID_KEY' })
      })
    })

    it('asks the server for what it was told to forget', async () => {
      const repos = await expiring()
      await repos.plan!.findByKeys([1, 2])
      await race.rename('Gratis')
      await repos.$request(async () => {
        repos.plan!.clear()
        assert.equal(await nameOf(repos), 'Gratis')
        assert.equal(await statements(() => repos.plan!.findByKey(2)), 1)
      })
    })
  })

  it('has no version, and drops are published as generations', async () => {
    const repos = await expiring()
    await repos.plan!.findByKey(1)
    await repos.plan!.update(1, { name: 'Gratis' })
    const { version, versionAge, verifiedAge, generations } = repos.$stats().plan!
    assert.deepEqual([version, versionAge, verifiedAge, generations], [undefined, undefined, undefined, 1])
  })
})
