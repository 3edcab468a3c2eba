import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { createPool } from 'mysql2'
import { driverDecodingSettings } from '../../src/columns/decoding-options.ts'
import { createDatabase } from '../../src/index.ts'
import { trackVersion } from '../../src/migration/index.ts'
import { closedAfterFile } from '../support/closing.ts'
import type { AnyDB, AnyRepositories } from '../support/lookups.ts'
import { type Migrating, migrating } from '../support/migration/migrating.ts'

/** Levels at which a transaction locks what it reads: asked for, or as the session's default. */
const WAYS = [
  ['asked for', { isolationLevel: 'serializable' }],
  ["the session's default", {}],
] as const

describe('a serializable $transaction', () => {
  let data: Migrating
  let db: Kysely<AnyDB>
  let repos: AnyRepositories

  before(async () => {
    data = await migrating([
      'create table plan (id int primary key, name varchar(50) not null) engine = InnoDB',
      'create table country (id int primary key, name varchar(50) not null) engine = InnoDB',
      'create table cart (id int primary key, name varchar(50) not null) engine = InnoDB',
    ])
    for (const table of ['plan', 'country']) await trackVersion(data.db, table)
    const pool = createPool({
      uri: data.test.url,
      timezone: 'Z',
      charset: 'utf8mb4',
      ...driverDecodingSettings({}),
    })
    pool.on('connection', (connection) => {
      connection.query('set session transaction isolation level serializable')
      // A lock that is waited for fails the test soon.
      connection.query('set session innodb_lock_wait_timeout = 30')
    })
    db = closedAfterFile(createDatabase<AnyDB>({ pool }))
  })
  after(async () => {
    await db.destroy()
    await data[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    for (const table of ['plan', 'country', 'cart']) {
      await data.run(`delete from ${table}`, `insert into ${table} values (1, 'a')`)
    }
    repos = data.repositories({ db, cache: { plan: 'versioned', country: 'versioned' } })
    await repos.$ready()
  })

  for (const [way, options] of WAYS) {
    describe(`(${way})`, () => {
      it('commits beside another one that writes another table, without a deadlock', async () => {
        const both = barrier(2)
        const write = (table: string) =>
          repos.$transaction(async (trx) => {
            await trx.$table(table).update(1, { name: 'b' })
            await both()
          }, options)
        await Promise.all([write('plan'), write('country')])
        assert.equal((await repos.plan!.findByKey(1))?.name, 'b')
        assert.equal((await repos.country!.findByKey(1))?.name, 'b')
      })

      it('that touches no lookup table does not wait for a writer of one', async () => {
        await data.db.transaction().execute(async (writer) => {
          await sql`update plan set name = 'b'`.execute(writer)
          await sql`update country set name = 'b'`.execute(writer)
          await repos.$transaction((trx) => trx.cart!.update(1, { name: 'b' }), options)
        })
        assert.equal((await repos.cart!.findByKey(1))?.name, 'b')
      })

      it('that reads a lookup table does not wait for a writer of another one', async () => {
        await data.db.transaction().execute(async (writer) => {
          await sql`update plan set name = 'b'`.execute(writer)
          const read = await repos.$transaction((trx) => trx.country!.findByKey(1), options)
          assert.equal(read?.name, 'a')
        })
      })

      it('makes no writer wait once it has ended, whoever has its connection', async () => {
        await repos.$transaction((trx) => trx.plan!.update(1, { name: 'b' }), options)
        const { rows } = await sql<{ open: unknown }>`
          select count(*) as open from information_schema.innodb_trx
          where trx_mysql_thread_id in (select id from information_schema.processlist where db = ${data.test.name})
          `.execute(data.db)
        assert.equal(Number(rows[0]?.open), 0)
      })

      it('is seen by this process at once, past repositories too', async () => {
        assert.equal((await repos.plan!.findByKey(1))?.name, 'a')
        await repos.$transaction((trx) => sql`update plan set name = 'b'`.execute(trx.$db), options)
        assert.equal((await repos.plan!.findByKey(1))?.name, 'b')
        assert.equal(repos.$stats().plan?.version, await data.version('plan'))
      })

      it('leaves the cache as it is if it wrote nothing', async () => {
        const row = await repos.plan!.findByKey(1)
        await repos.$transaction((trx) => trx.cart!.update(1, { name: 'c' }), options)
        assert.equal(await repos.plan!.findByKey(1), row)
        assert.equal(repos.$stats().plan?.generations, 1)
      })
    })
  }

  it('leaves no transaction open where the session has no autocommit', async () => {
    await using manual = createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 1 })
    await using own = data.repositories({ db: manual, cache: { plan: 'versioned' } })
    assert.equal((await own.plan!.findByKey(1))?.name, 'a')
    await own.$transaction(
      async (trx) => {
        await sql`set autocommit = 0`.execute(trx.$db)
        await trx.plan!.update(1, { name: 'b' })
      },
      { isolationLevel: 'serializable' },
    )
    assert.equal((await own.plan!.findByKey(1))?.name, 'b')
    await data.db.transaction().execute(async (writer) => {
      await sql`set session innodb_lock_wait_timeout = 30`.execute(writer)
      await sql`update plan set name = 'c'`.execute(writer)
    })
    assert.equal((await data.moved('plan', () => data.run("update plan set name = 'd'"))) > 0, true)
  })
})

/** Resolves for all once so many have come. */
function barrier(count: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let come = 0
  return () => {
    if (++come === count) resolve()
    return promise
  }
}
