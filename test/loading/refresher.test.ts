import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { describe, it } from 'node:test'
import type { RefreshMessage } from '../../src/index.ts'
import { clocks } from '../support/clocks.ts'
import { LOOKUP, nameOf, racing } from '../support/races/racing.ts'
import { listen } from '../support/telemetry/heard.ts'

const MAX_AGE = 60_000
/** More than a test takes between two reads, on any machine: the clocks are moved on. */
const REFRESH_AFTER = 5_000

/** Resolves when a refresh has ended. */
function refreshed(): Promise<RefreshMessage> {
  const { promise, resolve } = Promise.withResolvers<RefreshMessage>()
  const { asyncEnd } = tracingChannel<unknown, RefreshMessage>('kysely-lookup:refresh')
  const take = (message: unknown) => {
    asyncEnd.unsubscribe(take)
    // What waits for its end has then run.
    setImmediate(() => resolve(message as RefreshMessage))
  }
  asyncEnd.subscribe(take)
  return promise
}

describe('a row asked for after refreshAfter', () => {
  const race = racing()
  const time = clocks()

  const expiring = (more: object = {}) =>
    race.repositories({
      cache: { plan: { mode: 'expiring', maxAge: MAX_AGE, refreshAfter: REFRESH_AFTER, ...more } },
    })

  it('is read again in the background by one statement, while the held row is answered', async () => {
    const repos = await expiring()
    await repos.plan!.findByKeys([1, 2, 3, 7])
    await race.rename('Gratis')
    time.pass(REFRESH_AFTER)
    const before = repos.$stats().plan!
    const end = refreshed()
    const counts = await race.data.counter.during(async () => {
      for (let round = 0; round < 3; round++) {
        assert.equal(await nameOf(repos), 'Free')
        assert.equal(await nameOf(repos, { code: 'team' }), 'Team')
        assert.equal(await nameOf(repos, 7), undefined)
      }
      assert.equal((await end).keys, 3)
    })
    assert.equal(counts.Com_select, 1)
    assert.equal(await nameOf(repos), 'Gratis')
    const after = repos.$stats().plan!
    assert.deepEqual(
      [
        after.refreshes,
        after.refreshFailures,
        after.misses - before.misses,
        after.keysSent - before.keysSent,
      ],
      [1, 0, 0, 3],
    )
  })

  it('is read again in a request, which keeps what it has seen', async () => {
    const repos = await expiring()
    await repos.plan!.findByKey(1)
    await race.rename('Gratis')
    time.pass(REFRESH_AFTER)
    const end = refreshed()
    await repos.$request(async () => {
      assert.equal(await nameOf(repos), 'Free')
      await end
      assert.equal(await nameOf(repos), 'Free')
      assert.equal(await nameOf(repos.$forRequest()), 'Gratis')
    })
  })

  it('is read again as lists and as a whole table', async () => {
    const repos = await expiring()
    await repos.plan!.findAllBy({ tier: 1 })
    await repos.plan!.all()
    await race.data.run("insert into plan values (7, 'new', 1, 'New')")
    time.pass(REFRESH_AFTER)
    const end = refreshed()
    const { statements } = repos.$stats().plan!
    assert.equal((await repos.plan!.findAllBy({ tier: 1 })).length, 2)
    assert.equal((await repos.plan!.all()).length, 3)
    await end
    assert.equal((await repos.plan!.findAllBy({ tier: 1 })).length, 3)
    assert.equal((await repos.plan!.all()).length, 4)
    assert.equal(await nameOf(repos, 7), 'New')
    assert.equal(repos.$stats().plan!.statements, statements + 2)
  })

  it('finds that a row is gone', async () => {
    const repos = await expiring()
    await repos.plan!.findByKey(1)
    await race.data.run('delete from plan where id = 1')
    time.pass(REFRESH_AFTER)
    const end = refreshed()
    assert.equal(await nameOf(repos), 'Free')
    await end
    assert.equal(await nameOf(repos), undefined)
    assert.equal(repos.$stats().plan!.rowsHeld, 0)
  })

  it('is read by one refresh at a time; the rest by the next one', async () => {
    const repos = await expiring()
    await repos.plan!.findByKeys([1, 2])
    time.pass(REFRESH_AFTER)
    const held = race.held.hold(LOOKUP)
    const first = refreshed()
    await repos.plan!.findByKey(1)
    await held.waiting
    await repos.plan!.findByKeys([1, 2])
    held.release()
    assert.equal((await first).keys, 1)
    assert.equal((await refreshed()).keys, 1)
    assert.equal(repos.$stats().plan!.refreshes, 2)
  })

  it('is answered until maxAge when the refresh fails, which is published and counted', async () => {
    using heard = listen(['refresh'])
    const repos = await expiring({ maxAge: 12_000 })
    await repos.plan!.findByKey(1)
    await race.data.run('rename table plan to plan_away')
    try {
      time.pass(REFRESH_AFTER)
      const end = refreshed()
      assert.equal(await nameOf(repos), 'Free')
      await end
      const { error } = heard.refresh[0]!
      assert.equal((error as { code?: string }).code, 'ER_NO_SUCH_TABLE')
      assert.equal(repos.$stats().plan!.refreshFailures, 1)
      const again = refreshed()
      assert.equal(await nameOf(repos), 'Free')
      await again
      assert.equal(repos.$stats().plan!.refreshFailures, 2)
      time.pass(12_000)
      await assert.rejects(repos.plan!.findByKey(1), { code: 'ER_NO_SUCH_TABLE' })
    } finally {
      await race.data.run('rename table plan_away to plan')
    }
    assert.equal(await nameOf(repos), 'Free')
  })

  it('is not read after the repositories were closed', async () => {
    const repos = await expiring()
    await repos.plan!.findByKey(1)
    time.pass(REFRESH_AFTER)
    assert.equal(await nameOf(repos), 'Free')
    await repos.$close()
    time.pass(REFRESH_AFTER)
    assert.equal(await nameOf(repos), 'Free')
    assert.equal(repos.$stats().plan!.refreshes, 0)
    time.pass(MAX_AGE)
    assert.equal(await nameOf(repos), 'Free')
  })

  it('is taken only from statements sent after a write of this process', async () => {
    const repos = await expiring()
    await repos.plan!.findByKey(1)
    time.pass(REFRESH_AFTER)
    const held = race.held.hold(LOOKUP)
    const end = refreshed()
    await repos.plan!.findByKey(1)
    await held.waiting
    await repos.plan!.update(1, { name: 'Gratis' })
    held.release()
    await end
    assert.equal(await nameOf(repos), 'Gratis')
  })
})
