import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nameOf, POLL, racing } from '../support/races/racing.ts'

describe('a late answer to a poll', () => {
  const race = racing()
  const { repositories, polled } = race

  it('verifies versions as of the sending of the poll', async () => {
    const maxUnverified = 150
    await using repos = await repositories({
      versions: { pollInterval: 5, maxUnverified, whenUnverified: 'refuse' },
    })
    await nameOf(repos)
    const [late, next] = [race.held.hold(POLL), race.held.hold(POLL)]
    await late.waiting
    const answered = performance.now()
    while (performance.now() - answered < maxUnverified) await new Promise(setImmediate)
    const taken = polled()
    late.release()
    await next.waiting
    assert.equal(repos.plan!.peek(1), undefined, 'it was sent too long ago')
    next.release()
    await taken
    while (repos.plan!.peek(1) === undefined) await new Promise(setImmediate)
  })
})
