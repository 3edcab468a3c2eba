import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { trackVersion } from '../../src/migration/index.ts'
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

describe('a server that does not show its counters', () => {
  const race = racing()
  const { repositories } = race

  it('is asked with each poll when tables were made, as before', async () => {
    const asked = race.held.hold(/global_status|show global status/, 'sending')
    const beginning = repositories({ versions: { pollInterval: 5 } })
    await asked.waiting
    asked.release(Object.assign(new Error('denied'), { errno: 1227 }))
    await using repos = await beginning
    assert.equal(await nameOf(repos), 'Free')
    // The server knows the time at which a table was made to the second.
    const later =
      "select now() > max(create_time) as later from information_schema.tables where table_schema = database() and table_name = 'plan'"
    while (Number((await race.data.run(later))[0]?.later) !== 1) await new Promise(setImmediate)
    await race.data.run(
      'create table other like plan',
      'insert into other select * from plan',
      "update other set name = 'Gratis' where id = 1",
      'rename table plan to gone, other to plan',
    )
    // Its triggers went with the other table.
    const message = async () => await nameOf(repos).catch((error: Error) => error.message)
    while (!/trackVersion\(db, "plan"\)/.test(String(await message()))) await new Promise(setImmediate)
    await trackVersion(race.data.db, 'plan')
    while ((await message()) !== 'Gratis') await new Promise(setImmediate)
  })
})
