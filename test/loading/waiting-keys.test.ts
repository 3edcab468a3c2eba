import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { clocks } from '../support/clocks.ts'
import { type Lookups, lookups, numbered } from '../support/lookups.ts'
import { createRepositoriesOn, startSmallServer } from '../support/packet-server.ts'
import { LOOKUP, racing } from '../support/races/racing.ts'

describe('keys that wait', { timeout: 300_000 }, () => {
  const race = racing()
  const time = clocks()

  it('are bounded: what goes beyond is rejected at once, alone', async () => {
    const repos = await race.repositories({ maxWaitingKeys: 3 })
    const load = race.held.hold(LOOKUP)
    const first = repos.plan!.findByKey(1)
    await load.waiting
    const waiting = repos.plan!.findByKeys([{ code: 'team' }, { code: 'firm' }])
    const more = [{ code: 'a' }, { code: 'b' }, { code: 'c' }, { code: 'd' }]
    const full = { code: 'KYSELY_LOOKUP_TOO_MANY_WAITING' }
    await assert.rejects(repos.plan!.findByKeys(more), full)
    await assert.rejects(repos.$forRequest().plan!.findByKeys(more), full)
    load.release()
    assert.equal((await first)?.name, 'Free')
    assert.deepEqual(
      (await waiting).map((row) => row?.name),
      ['Team', 'Firm'],
    )
    assert.deepEqual(await repos.plan!.findByKeys(more.slice(0, 3)), [undefined, undefined, undefined])
  })

  it('are answered by the statement that is under way for them already, where a cache could', async () => {
    const repos = await race.repositories()
    // Behind a slow statement they would be sent.
    time.stop()
    const load = race.held.hold(LOOKUP)
    const first = repos.plan!.findByKey(1)
    await load.waiting
    const counts = race.data.counter.during(async () => {
      const joined = [repos.plan!.findByKey(1), repos.$forRequest().plan!.findByKey(1)]
      await new Promise(setImmediate)
      load.release()
      const [row, ...others] = await Promise.all([first, ...joined])
      assert.ok(others.every((other) => other === row))
    })
    assert.equal((await counts).Com_select, 0)
  })

  it('are sent without a slow statement, also when a timer fires before the clock says that it is slow', async () => {
    const repos = await race.repositories()
    time.stop()
    const load = race.held.hold(LOOKUP)
    const first = repos.plan!.findByKey(1)
    await load.waiting
    const again = race.held.hold(LOOKUP, 'sending')
    const joined = repos.plan!.findByKey(1)
    // Timers of one duration fire in the order in which they were set.
    await new Promise((resolve) => setTimeout(resolve, 50))
    time.pass(50)
    await again.waiting
    again.release()
    assert.equal((await joined)?.name, 'Free')
    load.release()
    assert.equal((await first)?.name, 'Free')
  })

  it('are sent for themselves where an absence may have ended meanwhile', async () => {
    const repos = await race.repositories()
    const load = race.held.hold(LOOKUP)
    const first = repos.city!.findByKey(3)
    await load.waiting
    await race.data.run("insert into city values (3, 'Nice')")
    const joined = repos.city!.findByKey(3)
    await new Promise(setImmediate)
    load.release()
    assert.equal(await first, undefined)
    assert.equal((await joined)?.name, 'Nice')
  })
})

describe('absences under long keys', () => {
  let data: Lookups

  before(async () => {
    const text = 'varchar(400) character set ascii collate ascii_bin not null'
    data = await lookups([`create table part (a ${text}, b ${text}, c ${text}, primary key (a, b, c))`])
    await data.track('part')
  })
  after(() => data[Symbol.asyncDispose]())

  it('are not held, however the length is spread over columns', async () => {
    const repos = data.repositories({ cache: { part: 'versioned' } })
    const long = (length: number) => ({ a: 'a'.repeat(length), b: 'b'.repeat(length), c: 'c'.repeat(length) })
    assert.equal(await repos.part!.findByKey(long(400)), undefined)
    assert.equal(repos.$stats().part!.absencesHeld, 0)
    assert.equal(await repos.part!.findByKey(long(300)), undefined)
    assert.equal(repos.$stats().part!.absencesHeld, 1)
  })
})

describe('a server whose packets become smaller', () => {
  it('is asked in smaller statements from then on', async () => {
    await using server = await startSmallServer(numbered('item', 1000))
    await using application = await createRepositoriesOn(server)
    const { repos } = application
    const keys = Array.from({ length: 200_000 }, (_, index) => index + 1)
    assert.equal((await repos.item!.findByKeys(keys)).filter(Boolean).length, 1000)
    await server.shrinkPackets()
    const rows = await repos.item!.findByKeys(keys)
    assert.equal(rows.filter(Boolean).length, 1000)
    assert.deepEqual(rows[999], { id: 1000, label: 'row 1000' })
    assert.equal((await repos.item!.findByKeys(keys)).filter(Boolean).length, 1000)
  })
})
