import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

describe('repositories in a transaction', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(COUNTRIES)
  })
  after(() => data[Symbol.asyncDispose]())

  it('read what the transaction sees and never fill or ask the process-wide cache', async () => {
    const repos = data.repositories({ cache: { country: 'immutable' } })
    const cached = await repos.country!.findByKey('FR')
    const rollback = new Error('rollback')
    await assert.rejects(
      data.db.transaction().execute(async (trx) => {
        await trx
          .insertInto('country')
          .values({ code: 'NZ', alpha3: 'NZL', name: 'New Zealand', continent: 'OC' })
          .execute()
        await trx.updateTable('country').set({ name: 'Gaul' }).where('code', '=', 'FR').execute()
        const inside = repos.$withTransaction(trx)
        assert.equal((await inside.country!.findByKey('NZ'))?.name, 'New Zealand')
        assert.equal((await inside.country!.findByKey('FR'))?.name, 'Gaul')
        assert.equal(inside.country!.peek('FR'), undefined)
        assert.equal(await repos.country!.findByKey('FR'), cached)
        assert.equal(await repos.country!.findByKey('NZ'), undefined, 'outside nothing uncommitted is seen')
        throw rollback
      }),
      rollback,
    )
    assert.equal(await repos.country!.findByKey('NZ'), undefined)
    assert.equal(await repos.country!.findByKey('FR'), cached)
  })

  it('have a memo and batches of their own, on their connection', async () => {
    const repos = data.repositories()
    await repos.$ready()
    const counts = await data.counter.during(() =>
      data.db.transaction().execute(async (trx) => {
        const inside = repos.$withTransaction(trx)
        const [first, second] = await Promise.all([
          inside.country!.findByKey('FR'),
          inside.country!.findByKey('de'),
        ])
        assert.equal(await inside.country!.findByKey('FR'), first)
        assert.equal(await inside.country!.findByKey({ alpha3: 'DEU' }), second)
      }),
    )
    // What the session is asked, and both keys together.
    assert.equal(counts.Com_select, 2)
  })

  it('work when the transaction holds the only connection, from the first read on', async () => {
    await using one = await lookups(COUNTRIES, { connectionLimit: 1 })
    const repos = one.repositories()
    await one.db.transaction().execute(async (trx) => {
      const outside = repos.country!.findByKey('DE')
      assert.equal((await repos.$withTransaction(trx).country!.findByKey('FR'))?.name, 'France')
      outside.catch(() => {})
    })
  })

  it('refuse anything but a transaction', () => {
    const repos = data.repositories()
    assert.throws(() => repos.$withTransaction(data.db), /expected a Kysely Transaction/)
    assert.throws(() => repos.$withTransaction(undefined), /expected a Kysely Transaction/)
  })

  it('leave the cache as it is where they wrote nothing, also right after a change', async () => {
    await using tracked = await lookups(COUNTRIES)
    await tracked.track('country')
    // No poll but the first: only what this process does moves anything.
    const repos = tracked.repositories({
      cache: { country: 'versioned' },
      versions: { pollInterval: 3_600_000 },
    })
    const job = () => repos.$transaction(() => repos.country!.findByKey('FR'))
    const jobs = async () => {
      const { misses, generations } = repos.$stats().country!
      for (let run = 0; run < 5; run++) await job()
      const after = repos.$stats().country!
      return { misses: after.misses - misses, generations: after.generations - generations }
    }
    await jobs()
    assert.deepEqual(await jobs(), { misses: 0, generations: 0 })
    await repos.country!.update('FR', { name: 'Gaul' })
    assert.equal((await job())?.name, 'Gaul')
    await job()
    assert.deepEqual(await jobs(), { misses: 0, generations: 0 })
    // Somebody else writes while a job has begun.
    await repos.$transaction(async () => {
      await tracked.run("update country set name = 'Frankia' where code = 'FR'")
    })
    assert.equal((await job())?.name, 'Frankia')
    await job()
    assert.deepEqual(await jobs(), { misses: 0, generations: 0 })
  })
})
