import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { createPool } from 'mysql2'
import { driverDecodingSettings } from '../../src/columns/decoding-options.ts'
import { createDatabase } from '../../src/index.ts'
import {
  alter,
  alterations,
  alterationTables,
  nextUncommitted,
  PLANS,
  readPlans,
} from '../support/alterations.ts'
import { type AnyDB, type AnyRepositories, type Lookups, lookups } from '../support/lookups.ts'
import { createTestDatabase, systemUnderTest, type TestDatabase } from '../support/server.ts'

const system = await systemUnderTest()

/** One way of lookups to have connections, on a pool of one. */
function describeLookups(
  whose: string,
  { other, ...options }: { readonly other: TestDatabase; readonly lookupConnections?: number },
) {
  describe(`a session that a program has altered, and lookups on connections ${whose}`, () => {
    let data: Lookups
    let repos: AnyRepositories
    /** Nothing that was read of it may be remembered. */
    const cached = () => data.repositories({ cache: { plan: 'immutable' } })

    before(async () => {
      data = await lookups(alterationTables(other.name, system), {
        connectionLimit: 1,
        multipleStatements: true,
        ...options,
      })
      repos = data.repositories()
      await repos.$ready()
    })
    after(async () => {
      await data[Symbol.asyncDispose]()
      await other.drop()
    })

    for (const alteration of alterations(other.name)) {
      if (alteration.only && alteration.only !== system) continue
      it(`left with ${alteration.what}: every lookup is correct, and so is what is shared afterwards`, async () => {
        await data.db.connection().execute((held) => alter(held, alteration))
        const shared = cached()
        assert.deepEqual(await readPlans(shared), PLANS)
        assert.deepEqual(await readPlans(repos), PLANS)
        await leftBehind(data.db)
        assert.deepEqual(await readPlans(shared), PLANS)
      })
    }

    const unseen = ['call next_uncommitted()', prepared]
    for (const statement of [...nextUncommitted, ...unseen]) {
      it(`left with READ UNCOMMITTED for the next transaction, by ${statement.slice(0, 24)} …: nothing uncommitted is read`, async () => {
        await withUncommitted(data, async () => {
          await data.db.connection().execute((held) => alter(held, { statements: statement.split(';') }))
          assert.equal((await repos.plan!.findByKey(1))?.name, 'Free')
          const shared = cached()
          assert.equal((await shared.plan!.findByKey(1))?.name, 'Free')
          // Another user of the same connection begins a transaction, and knows nothing of it.
          await data.db.connection().execute((held) => alter(held, { statements: statement.split(';') }))
          assert.equal(await repos.$transaction(async (trx) => (await trx.plan!.findByKey(1))?.name), 'Free')
        })
      })
    }
  })
}

const prepared = "set @s = 'set transaction isolation level read uncommitted';prepare s from @s;execute s"

describeLookups('of their own', { other: await createTestDatabase() })
describeLookups('of the pool', { other: await createTestDatabase(), lookupConnections: 0 })

/** Runs while another session has changed rows and not committed. */
async function withUncommitted(data: Lookups, work: () => Promise<void>): Promise<void> {
  await using writing = createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 1 })
  const transaction = await writing.startTransaction().execute()
  await sql`update plan set name = 'uncommitted' where id < 3`.execute(transaction)
  try {
    await work()
  } finally {
    await transaction.rollback().execute()
  }
}

/** Ends what the program has left on the pool's one connection, as its end would. */
async function leftBehind(db: Kysely<AnyDB>): Promise<void> {
  await db.connection().execute(async (held) => {
    const { rows } = await sql<{ id: number }>`select connection_id() as id limit 1`.execute(held)
    await sql
      .raw(`kill ${rows[0]!.id}`)
      .execute(held)
      .catch(() => {})
  })
  // The pool may learn of it only when the connection is used.
  await sql`do 0`.execute(db).catch(() => {})
}

describe('a pool that resets the sessions of connections that come back', () => {
  it('speaks UTC all the same, and its transactions read', async () => {
    await using data = await lookups(
      [
        'create table plan (id int primary key, at timestamp not null)',
        "insert into plan values (1, '2020-01-02')",
      ],
      { connectionLimit: 1, resetOnRelease: true } as object,
    )
    const [{ zone } = { zone: 'SYSTEM' }] = await data.run('select @@global.time_zone zone')
    await data.run("set global time_zone = '+03:00'")
    try {
      const repos = data.repositories()
      for (let turn = 0; turn < 3; turn++) {
        const { rows } = await sql<{ zone: string }>`select @@time_zone zone`.execute(data.db)
        assert.equal(rows[0]?.zone, '+00:00')
        const row = await repos.$transaction((trx) => trx.plan!.findByKey(1))
        assert.deepEqual(row?.at, (await repos.plan!.findByKey(1))?.at)
      }
    } finally {
      await data.run(`set global time_zone = '${zone}'`)
    }
  })
})

describe('lookups that borrow the connections of a pool which others use too', () => {
  it('ask again what its session is', async () => {
    await using data = await lookups([
      'create table plan (id int primary key)',
      'insert into plan values (1), (2)',
    ])
    const pool = createPool({
      uri: data.test.url,
      connectionLimit: 1,
      ...{ ...driverDecodingSettings({}), timezone: 'Z', charset: 'utf8mb4' },
    })
    await using db = createDatabase<AnyDB>({ pool, lookupConnections: 0 })
    const repos = data.repositories({ db })
    assert.equal((await repos.plan!.findByKeys([1, 2])).filter(Boolean).length, 2)
    await pool.promise().query('set sql_select_limit = 1')
    assert.equal((await repos.plan!.findByKeys([1, 2])).filter(Boolean).length, 2)
  })

  it('close one on which they fail, and read on', async () => {
    await using data = await lookups(
      [
        'create table plan (id int primary key, grp int not null, key by_grp (grp))',
        'insert into plan values (1, 1), (2, 1)',
      ],
      { connectionLimit: 1, lookupConnections: 0 },
    )
    const repos = data.repositories()
    await repos.$ready()
    const read = async () => [
      (await repos.plan!.findAllBy({ grp: 1 })).length,
      (await repos.plan!.findByKeys([1, 2])).filter(Boolean).length,
    ]
    for (const statement of ['set max_join_size = 1', 'set sql_select_limit = 1']) {
      await data.db.connection().execute((held) => sql.raw(statement).execute(held))
      // No variable that changes an answer, but the server may refuse to read, which depends on the statement.
      await read().catch((error) => assert.equal(error.code, 'ER_TOO_BIG_SELECT'))
      assert.deepEqual(await read(), [2, 2])
    }
  })
})
