import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import { InvalidKeyError } from '../../src/index.ts'
import { COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'

const NZ = { code: 'NZ', alpha3: 'NZL', name: 'New Zealand', continent: 'OC' }

describe('a write', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(COUNTRIES)
    await data.track('country')
  })
  after(() => data[Symbol.asyncDispose]())
  beforeEach(() => data.run('delete from country', COUNTRIES[1]!))

  for (const cache of [{}, { country: 'versioned' }] as const) {
    const mode = 'country' in cache ? 'a versioned table' : 'a table remembered per request'

    it(`is seen by this process at once, inside and outside requests: ${mode}`, async () => {
      const repos = data.repositories({ cache })
      await repos.$request(async () => {
        assert.equal(await repos.country!.findByKey('NZ'), undefined)
        assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
        assert.equal(await repos.country!.insert(NZ), 1)
        assert.deepEqual(await repos.country!.findByKey('NZ'), NZ)
        assert.equal(await repos.country!.update('jp', { name: 'Nippon' }), 1)
        assert.equal((await repos.country!.findByKey('JP'))?.name, 'Nippon')
        assert.equal(await repos.country!.update({ alpha3: 'XXX' }, { name: 'None' }), 0)
        assert.equal(await repos.country!.delete({ alpha3: 'NZL' }), 1)
        assert.equal(await repos.country!.findByKey('NZ'), undefined)
        assert.equal(await repos.country!.delete('NZ'), 0)
      })
      assert.equal((await repos.country!.findByKey('JP'))?.name, 'Nippon')
    })

    it(`in a transaction is seen only inside it, and by everyone after the commit: ${mode}`, async () => {
      const repos = data.repositories({ cache })
      await repos.$request(async () => {
        assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
        const answer = await repos.$transaction(async (trx) => {
          await trx.country!.update('JP', { name: 'Nippon' })
          await trx.country!.insert([NZ])
          assert.equal((await trx.country!.findByKey('JP'))?.name, 'Nippon')
          assert.equal((await trx.country!.findByKey({ alpha3: 'NZL' }))?.code, 'NZ')
          assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
          assert.equal(await repos.$forRequest().country!.findByKey('NZ'), undefined)
          return 'done'
        })
        assert.equal(answer, 'done')
        assert.equal((await repos.country!.findByKey('JP'))?.name, 'Nippon')
        assert.equal((await repos.country!.findByKey('NZ'))?.code, 'NZ')
      })
      assert.equal((await repos.$forRequest().country!.findByKey('JP'))?.name, 'Nippon')
    })

    it(`leaves nothing behind when the transaction is rolled back: ${mode}`, async () => {
      const repos = data.repositories({ cache })
      const failure = new Error('mine')
      await assert.rejects(
        repos.$transaction(async (trx) => {
          await trx.country!.insert(NZ)
          assert.ok(await trx.country!.findByKey('NZ'))
          throw failure
        }),
        failure,
      )
      assert.equal(await repos.country!.findByKey('NZ'), undefined)
      assert.equal(await repos.$forRequest().country!.findByKey('NZ'), undefined)
    })
  }

  it('by a plain query in $transaction is seen at once if the table is versioned', async () => {
    const repos = data.repositories({ cache: { country: 'versioned' } })
    assert.equal((await repos.country!.findByKey('JP'))?.name, 'Japan')
    await repos.$transaction((trx) =>
      sql`update country set name = 'Nippon' where code = 'JP'`.execute(trx.$db),
    )
    assert.equal((await repos.country!.findByKey('JP'))?.name, 'Nippon')
  })

  it('a transaction that only reads leaves the cache as it is', async () => {
    const repos = data.repositories({ cache: { country: 'versioned' } })
    const row = await repos.country!.findByKey('JP')
    await repos.$transaction((trx) => trx.country!.findByKey('FR'))
    assert.equal(await repos.country!.findByKey('JP'), row)
    assert.equal(repos.$stats().country!.generations, 1)
  })

  it('a load that began before a commit is not shared after it', async () => {
    const repos = data.repositories({ cache: { country: 'versioned' } })
    await repos.country!.findByKey('FR')
    let early: Promise<unknown> | undefined
    await repos.$transaction(async (trx) => {
      await trx.country!.update('JP', { name: 'Nippon' })
      early = repos.country!.findByKey('JP')
      // It leaves at the end of this turn and comes back before the commit is through, or after.
      await new Promise(setImmediate)
    })
    await early
    assert.equal((await repos.country!.findByKey('JP'))?.name, 'Nippon')
  })

  it('runs again after a deadlock, as often as configured', async () => {
    const repos = data.repositories()
    const order: string[] = []
    let meet: (() => void) | undefined
    const met = new Promise<void>((resolve) => {
      meet = resolve
    })
    let arrived = 0
    const change = (first: string, second: string) =>
      repos.$transaction(
        async (trx) => {
          await trx.country!.update(first, { name: `by ${first}` })
          if (++arrived === 2) meet!()
          await met
          await trx.country!.update(second, { name: `by ${first}` })
          order.push(first)
        },
        { retries: 3 },
      )
    await Promise.all([change('FR', 'DE'), change('DE', 'FR')])
    assert.equal(arrived, 3, 'one of the two was run twice')
    assert.equal(order.length, 2)
  })

  it('an immutable table accepts only new rows', async () => {
    const repos = data.repositories({ cache: { country: 'immutable' } })
    assert.equal(await repos.country!.insert(NZ), 1)
    assert.equal((await repos.country!.findByKey('NZ'))?.code, 'NZ')
    assert.equal('update' in repos.country!, false)
    assert.equal('delete' in repos.country!, false)
  })

  it('refuses bad keys, empty changes and READ UNCOMMITTED before anything is sent', async () => {
    const repos = data.repositories()
    await assert.rejects(repos.country!.update(5, { name: 'x' }), InvalidKeyError)
    await assert.rejects(repos.country!.delete({ name: 'Japan' }), InvalidKeyError)
    await assert.rejects(repos.country!.update('JP', {}), /at least one column/)
    assert.equal(await repos.country!.insert([]), 0)
    await assert.rejects(
      repos.$transaction(async () => {}, { isolationLevel: 'read uncommitted' as never }),
      /read uncommitted.*is refused/,
    )
  })

  it('runs at the requested isolation level', async () => {
    const repos = data.repositories()
    const seen = await repos.$transaction(
      async (trx) => {
        await trx.country!.findByKey('JP')
        await data.run("update country set name = 'Nippon' where code = 'JP'")
        const { rows } = await sql<{ name: string }>`select name from country where code = 'JP'`.execute(
          trx.$db,
        )
        return rows[0]?.name
      },
      { isolationLevel: 'read committed' },
    )
    assert.equal(seen, 'Nippon')
  })
})

describe('writing to a table that others follow', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      'create table team (id int primary key, name varchar(20) not null) engine = InnoDB',
      `create table member (id int primary key, team_id int, name varchar(20) not null,
        foreign key (team_id) references team (id) on delete cascade) engine = InnoDB`,
      'create table team_count (id int primary key, teams int not null) engine = InnoDB',
      "insert into team values (1, 'red'), (2, 'blue')",
      "insert into member values (1, 1, 'Ann'), (2, 2, 'Bob')",
      'insert into team_count values (1, 2)',
      'create trigger count_teams after delete on team for each row update team_count set teams = teams - 1',
    ])
    await data.track('team', 'member', 'team_count')
  })
  after(() => data[Symbol.asyncDispose]())

  it('makes this process, and the request that wrote, see what a foreign key and a trigger have changed', async () => {
    const cache = { team: 'versioned', member: 'versioned', team_count: 'versioned' } as const
    const repos = data.repositories({ cache })
    await repos.$request(async () => {
      assert.equal((await repos.member!.findByKey(1))?.name, 'Ann')
      assert.equal((await repos.team_count!.findByKey(1))?.teams, 2)
      assert.equal(await repos.team!.delete(1), 1)
      assert.equal(await repos.member!.findByKey(1), undefined)
      assert.equal((await repos.team_count!.findByKey(1))?.teams, 1)
    })
    assert.equal(await repos.member!.findByKey(1), undefined)
    assert.equal((await repos.member!.findByKey(2))?.name, 'Bob')
    assert.equal((await repos.team_count!.findByKey(1))?.teams, 1)
  })
})
