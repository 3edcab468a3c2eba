import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { amend, freeze } from '../../src/migration/index.ts'
import type { AnyRepositories } from '../support/lookups.ts'
import { LOOKUP, POLL, racing } from '../support/races/racing.ts'

describe('an amend', () => {
  const race = racing()
  const { polling, polled } = race

  const amended = (name: string) =>
    amend(race.data.db, 'city', (trx) => trx.updateTable('city').set({ name }).where('id', '=', 1).execute())
  const cityOf = async (repos: AnyRepositories) => (await repos.city!.findByKey(1))?.name

  it('is noticed: a load that began before it and finished after the poll is not shared', async () => {
    await freeze(race.data.db, 'city')
    await using repos = await polling()
    assert.equal((await repos.city!.findByKey(2))?.name, 'Lyon')
    await polled()
    const load = race.held.hold(LOOKUP)
    const early = cityOf(repos)
    await load.waiting
    await amended('Lutetia')
    await polled()
    load.release()
    assert.equal(await early, 'Paris')
    assert.equal(await cityOf(repos), 'Lutetia')
  })

  for (const when of ['before repositories start', 'during a poll'] as const) {
    it(`is noticed: a load that finished before the poll is dropped by the poll, frozen ${when}`, async () => {
      if (when === 'before repositories start') await freeze(race.data.db, 'city')
      await using repos = await polling()
      assert.equal(await cityOf(repos), 'Paris')
      const poll = race.held.hold(POLL, 'sending')
      await poll.waiting
      if (when === 'during a poll') await freeze(race.data.db, 'city')
      await amended('Lutetia')
      assert.equal(await cityOf(repos), 'Paris')
      const next = polled()
      poll.release()
      await next
      assert.equal(await cityOf(repos), 'Lutetia')
    })
  }
})
