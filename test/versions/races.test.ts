import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sql } from 'kysely'
import { createDatabase } from '../../src/index.ts'
import type { AnyDB } from '../support/lookups.ts'
import { createHoldingPool } from '../support/races/held-statements.ts'
import { LOOKUP, NEW_PLAN, nameOf, POLL, racing } from '../support/races/racing.ts'

describe('a race', { timeout: 300_000 }, () => {
  const race = racing()
  const { repositories, polling, rename, polled } = race

  describe('between a load and a change by others:', () => {
    it('a load that began before the commit and finished after the poll is not shared', async () => {
      await using repos = await polling()
      assert.equal(await nameOf(repos, 3), 'Firm')
      const load = race.held.hold(LOOKUP)
      const early = nameOf(repos)
      await load.waiting
      await rename('Gratis')
      await polled()
      load.release()
      assert.equal(await early, 'Free')
      assert.equal(repos.plan!.peek(1), undefined)
      assert.equal(await nameOf(repos), 'Gratis')
    })

    it('a caller who comes after a newer version was seen does not join the older load', async () => {
      await using repos = await polling()
      await nameOf(repos, 3)
      const load = race.held.hold(LOOKUP)
      const early = nameOf(repos)
      await load.waiting
      // What waits behind the load is sent without it after a while, which may be before the change.
      const next = race.held.hold(LOOKUP, 'sending')
      const gathered = nameOf(repos)
      await rename('Gratis')
      await polled()
      const later = nameOf(repos)
      await next.waiting
      next.release()
      assert.equal(await later, 'Gratis', 'while the older load is still under way')
      assert.equal(await gathered, 'Gratis')
      load.release()
      assert.equal(await early, 'Free')
    })

    it('the newer of two generations in flight stays, whichever arrives first', async () => {
      for (const order of ['older first', 'newer first']) {
        const repos = await repositories()
        const [first, second] = [race.held.hold(LOOKUP), race.held.hold(LOOKUP)]
        const oldest = nameOf(repos)
        await first.waiting
        await rename('Second')
        const middle = nameOf(repos, { code: 'free' })
        await second.waiting
        await rename('Third')
        assert.equal((await repos.plan!.findAllBy({ tier: 1 }))[0]?.name, 'Third')
        for (const load of order === 'older first' ? [first, second] : [second, first]) load.release()
        assert.deepEqual(await Promise.all([oldest, middle]), ['Free', 'Second'])
        assert.equal(await nameOf(repos), 'Third')
        assert.equal(await nameOf(repos, { code: 'free' }), 'Third')
        await rename('Free')
      }
    })

    it('a superseded load does not replace the newer row', async () => {
      await using repos = await repositories()
      const load = race.held.hold(LOOKUP)
      const early = nameOf(repos, { code: 'free' })
      await load.waiting
      await rename('Gratis')
      const row = await repos.plan!.findByKey(1)
      load.release()
      assert.equal(await early, 'Free')
      assert.equal(await repos.plan!.findByKey(1), row)
      assert.equal(await repos.plan!.findByKey({ code: 'free' }), row)
      assert.equal(row?.name, 'Gratis')
    })

    it('an absence found before an insert is not shared after it', async () => {
      await using repos = await polling()
      assert.equal(await nameOf(repos, 9), undefined)
      const load = race.held.hold(LOOKUP)
      const early = nameOf(repos, { code: 'new' })
      await load.waiting
      await race.data.run("insert into plan values (9, 'new', 1, 'New')")
      await polled()
      load.release()
      assert.equal(await early, undefined)
      assert.equal(await nameOf(repos, { code: 'new' }), 'New')
      assert.equal(await nameOf(repos, 9), 'New')
    })

    it('no read goes back behind what several statements of one load have seen', async () => {
      await using repos = await repositories({ statementForm: 'union_all' })
      const [first, second] = [race.held.hold(/union all/), race.held.hold(/union all/, 'sending')]
      const fillers = Array.from({ length: 129 }, (_, index) => 1_000 + index)
      const load = repos.plan!.findByKeys([...fillers, 2])
      await first.waiting
      first.release()
      await second.waiting
      assert.equal(await nameOf(repos, { code: 'team' }), 'Team')
      await rename('Crew', 2)
      second.release()
      assert.equal((await load).at(-1)?.name, 'Crew')
      assert.equal(await nameOf(repos, 2), 'Crew')
      assert.equal(repos.plan!.peek(1_000), undefined)
    })

    it('loads that overtake two polls do not look like a restore', async () => {
      await using repos = await repositories({ versions: { pollInterval: 2 } })
      await nameOf(repos, 3)
      for (const [index, name] of ['One', 'Two', 'Three'].entries()) {
        const poll = race.held.hold(POLL)
        await poll.waiting
        await rename(name)
        assert.equal(await nameOf(repos, 100 + index), undefined, 'a load brings the newer version')
        const row = await repos.plan!.findByKey(1)
        assert.equal(row?.name, name)
        const next = polled()
        poll.release()
        await next
        assert.equal(await repos.plan!.findByKey(1), row, name)
      }
    })
  })

  describe('between a load and a failure:', () => {
    it('a failed load does not undo the success that followed it', async () => {
      await using repos = await repositories()
      await repos.$request(async () => {
        const load = race.held.hold(LOOKUP)
        const failing = repos.plan!.findByKey(1)
        await load.waiting
        repos.plan!.clear(1)
        const row = await repos.plan!.findByKey(1)
        load.release(new Error('broken'))
        await assert.rejects(failing, /broken/)
        const counts = await race.data.counter.during(async () => {
          assert.equal(await repos.plan!.findByKey(1), row)
          assert.equal(await repos.$forRequest().plan!.findByKey(1), row)
        })
        assert.equal(counts.Com_select, 0)
      })
    })

    it('a failed load leaves nothing behind', async () => {
      await using repos = await repositories()
      const load = race.held.hold(LOOKUP)
      const failing = Promise.all([nameOf(repos), nameOf(repos, 2)])
      await load.waiting
      load.release(new Error('broken'))
      await assert.rejects(failing, /broken/)
      assert.deepEqual(await Promise.all([nameOf(repos), nameOf(repos, 2)]), ['Free', 'Team'])
    })
  })

  describe('between a load and a commit of this process:', () => {
    it('a load that began before the commit is not shared after it', async () => {
      await using repos = await repositories()
      const load = race.held.hold(LOOKUP)
      const early = nameOf(repos)
      await load.waiting
      await repos.$transaction((trx) => trx.plan!.update(1, { name: 'Gratis' }))
      load.release()
      assert.equal(await early, 'Free')
      assert.equal(await nameOf(repos), 'Gratis')
    })

    it('a load of the same request that began before the commit does not come back into it', async () => {
      await using repos = await repositories()
      for (const read of [
        () => repos.plan!.findByKey({ code: 'free' }),
        async () => (await repos.plan!.findAllBy({ tier: 1 }))[0],
      ]) {
        await repos.$request(async () => {
          const load = race.held.hold(LOOKUP)
          const early = read()
          await load.waiting
          await repos.$transaction((trx) => trx.plan!.update(1, { name: 'Gratis' }))
          load.release()
          assert.equal((await early)?.name, 'Free')
          assert.equal(await nameOf(repos, { code: 'free' }), 'Gratis')
          assert.equal(await nameOf(repos), 'Gratis')
          assert.equal((await repos.plan!.findAllBy({ tier: 1 }))[0]?.name, 'Gratis')
        })
        await rename('Free')
        await nameOf(repos, { code: `${Math.random()}`.slice(0, 8) })
      }
    })

    it('no read goes back behind what a load overtaken by the commit has seen', async () => {
      await using repos = await repositories()
      await nameOf(repos, 3)
      const load = race.held.hold(LOOKUP, 'sending')
      const early = nameOf(repos)
      await load.waiting
      await repos.$transaction((trx) => trx.plan!.update(2, { name: 'Crew' }))
      assert.equal(await nameOf(repos, { code: 'free' }), 'Free')
      await rename('Gratis')
      load.release()
      assert.equal(await early, 'Gratis')
      assert.equal(await nameOf(repos), 'Gratis')
    })

    it('a plain query in a transaction is seen at once, whatever others commit meanwhile', async () => {
      await using repos = await repositories()
      // Numbers beyond the clock's move one by one: both transactions move the sum by as much.
      const far = "update lookup_version set version = 20000000000000 where table_name = 'plan'"
      await race.data.run(far)
      assert.equal(await nameOf(repos), 'Free')
      await repos.$transaction(
        async ({ plan, $db }) => {
          await plan!.findByKey(3)
          const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute($db)
          await race.data.run(
            `update lookup_version set version = version + 1 where table_name = 'plan' and slot = ${(Number(rows[0]!.id) + 1) % 16}`,
          )
          await sql`update plan set name = 'Gratis' where id = 1`.execute($db)
          assert.equal(await nameOf(repos, 50), undefined, 'a load brings what the others committed')
          assert.equal(await nameOf(repos), 'Free')
        },
        { isolationLevel: 'repeatable read' },
      )
      assert.equal(await nameOf(repos), 'Gratis')
    })

    it('nothing remains of an insert that was read in a transaction and rolled back', async () => {
      await using repos = await repositories()
      const failure = new Error('mine')
      await assert.rejects(
        repos.$transaction(async (trx) => {
          assert.equal(await trx.plan!.findByKey(9), undefined)
          await trx.plan!.insert(NEW_PLAN)
          await trx.plan!.update(1, { name: 'Gratis' })
          assert.equal((await trx.plan!.findByKey(9))?.name, 'New')
          assert.equal((await trx.plan!.findAllBy({ tier: 1 })).length, 3)
          assert.equal(await nameOf(repos, 9), undefined)
          assert.equal(await nameOf(repos), 'Free')
          throw failure
        }),
        failure,
      )
      for (const reader of [repos, repos.$forRequest()]) {
        assert.equal(await nameOf(reader, 9), undefined)
        assert.equal(await nameOf(reader, { code: 'new' }), undefined)
        assert.equal(await nameOf(reader), 'Free')
        assert.equal((await reader.plan!.findAllBy({ tier: 1 })).length, 2)
      }
      assert.equal(repos.plan!.peek(9), undefined)
    })

    it('nothing remains of what a savepoint took back', async () => {
      await using repos = await repositories()
      await repos.$transaction(async (trx) => {
        await sql`savepoint here`.execute(trx.$db)
        await trx.plan!.update(1, { name: 'Gratis' })
        assert.equal((await trx.plan!.findByKey(1))?.name, 'Gratis')
        await sql`rollback to savepoint here`.execute(trx.$db)
        await trx.plan!.update(2, { name: 'Crew' })
        assert.equal((await trx.plan!.findByKey(1))?.name, 'Free')
      })
      assert.deepEqual(await Promise.all([nameOf(repos), nameOf(repos, 2)]), ['Free', 'Crew'])
    })

    it('what was committed is seen at once when COMMIT fails but was carried out', async () => {
      await using repos = await repositories()
      assert.equal(await nameOf(repos), 'Free')
      const commit = race.held.hold(/^commit\b/i)
      const writing = repos.$transaction((trx) => trx.plan!.update(1, { name: 'Gratis' }))
      await commit.waiting
      commit.release(new Error('connection lost'))
      await assert.rejects(writing, /connection lost/)
      assert.equal(await nameOf(repos), 'Gratis')
    })
  })

  describe('in a request:', () => {
    it('a row seen before any version was known stays, when a newer generation has it too', async () => {
      await using repos = await repositories()
      await repos.$transaction((trx) => trx.plan!.update(2, { name: 'Crew' }))
      const request = repos.$forRequest()
      const load = race.held.hold(LOOKUP)
      const early = request.plan!.findByKey(1)
      await load.waiting
      await repos.$transaction((trx) => trx.plan!.update(1, { name: 'Gratis' }))
      load.release()
      const row = await early
      assert.equal(await nameOf(repos), 'Gratis')
      assert.equal(await request.plan!.findByKey(1), row)
      assert.equal(await request.plan!.findByKey({ code: 'free' }), row)
      assert.deepEqual(await request.plan!.findByKeys([1]), [row])
    })

    it('an absence seen before any version was known stays', async () => {
      await using repos = await repositories()
      await repos.$transaction((trx) => trx.plan!.update(2, { name: 'Crew' }))
      const request = repos.$forRequest()
      const load = race.held.hold(LOOKUP)
      const early = request.plan!.findByKey(9)
      await load.waiting
      await repos.$transaction((trx) => trx.plan!.insert(NEW_PLAN))
      load.release()
      assert.equal(await early, undefined)
      assert.equal(await nameOf(repos, 9), 'New')
      assert.equal(await request.plan!.findByKey(9), undefined)
    })

    it('a row from the cache is the same object in a list that is read later', async () => {
      await using repos = await repositories()
      await nameOf(repos)
      const request = repos.$forRequest()
      const row = await request.plan!.findByKey(1)
      await rename('Gratis')
      await nameOf(repos, 50)
      const [listed] = await request.plan!.findAllBy({ tier: 1 })
      assert.equal(listed, row)
      assert.equal(await nameOf(repos), 'Gratis')
    })

    it('a whole table has one version, even when the request has seen a row of an older one', async () => {
      await using repos = await repositories()
      await nameOf(repos)
      const request = repos.$forRequest()
      const row = await request.plan!.findByKey(1)
      await rename('Gratis')
      await rename('Crew', 2)
      await nameOf(repos, 50)
      const names = (await request.plan!.all()).map(({ name }) => name)
      assert.deepEqual(names.slice(0, 2), ['Gratis', 'Crew'])
      assert.equal(await request.plan!.findByKey(1), row)
      assert.equal((await request.plan!.findByKey(2))?.name, 'Crew')
    })

    it('a row from the cache stays when the cache drops it to make room', async () => {
      await using repos = await repositories({ cache: { plan: { mode: 'versioned', maxRows: 2 } } })
      await nameOf(repos)
      const request = repos.$forRequest()
      assert.equal(await nameOf(request), 'Free')
      for (const id of [2, 3, 2, 3]) await nameOf(repos, id)
      await rename('Gratis')
      await nameOf(repos, 50)
      assert.equal(await nameOf(repos), 'Gratis')
      assert.equal(await nameOf(request), 'Free')
    })
  })

  describe('after a restore:', () => {
    it('the rows are read again, whether the version table or one table was restored', async () => {
      await using repos = await polling()
      assert.equal(await nameOf(repos), 'Free')
      await rename('Restored')
      await race.restored()
      assert.equal(await nameOf(repos), 'Restored')
      await rename('Onwards')
      await polled()
      assert.equal(await nameOf(repos), 'Onwards')
    })

    it('a load from before it is not shared', async () => {
      await using repos = await polling()
      await nameOf(repos, 3)
      const load = race.held.hold(LOOKUP)
      const early = nameOf(repos)
      await load.waiting
      await rename('Restored')
      await race.restored()
      load.release()
      assert.equal(await early, 'Free')
      assert.equal(await nameOf(repos), 'Restored')
      assert.equal(await nameOf(repos, 2), 'Team')
    })
  })

  it('a connection that comes back inside a transaction serves no reads', async () => {
    const narrow = createHoldingPool(race.data.test.url)
    await using single = createDatabase<AnyDB>(narrow.options)
    await using repos = await repositories({ db: single })
    assert.equal(await nameOf(repos), 'Free')
    await single.connection().execute(async (connection) => {
      await sql`begin`.execute(connection)
      await sql`update plan set name = 'uncommitted' where id <= 2`.execute(connection)
    })
    assert.equal(await nameOf(repos, 2), 'Team')
    assert.equal(await nameOf(repos), 'Free')
    assert.equal(await nameOf(repos.$forRequest(), { code: 'team' }), 'Team')
  })
})
