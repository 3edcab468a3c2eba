import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createDatabase } from '../../src/index.ts'
import { createVersionTable, freeze, trackVersion, unfreeze } from '../../src/migration/index.ts'
import { type AnyDB, type Lookups, lookups } from '../support/lookups.ts'

/** With CHAIN a transaction follows each one that ends, with RELEASE its connection ends. */
describe('a server whose transactions are chained or released by default', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      'create table plan (id int not null primary key, n int not null)',
      'insert into plan values (1, 0), (2, 0)',
    ])
    await createVersionTable(data.db)
  })
  after(() => data[Symbol.asyncDispose]())

  async function numberOf(id: number): Promise<unknown> {
    return (await data.run(`select n from plan where id = ${id}`))[0]?.n
  }

  for (const type of ['CHAIN', 'RELEASE']) {
    for (const options of [{}, { lookupConnections: 0 }]) {
      it(`${type}: reads see every commit, and no transaction stays open ${JSON.stringify(options)}`, async () => {
        await data.run('update plan set n = 0', `set global completion_type = '${type}'`)
        try {
          await using db = createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 2, ...options })
          const repos = data.repositories({ db })
          for (let n = 1; n <= 3; n++) {
            await data.run(`update plan set n = ${n} where id = 1`)
            assert.equal((await repos.plan!.findByKey(1))?.n, n)
            assert.equal(await repos.plan!.update(2, { n }), 1)
            assert.equal(await numberOf(2), n)
            await repos.$transaction(async (trx) => {
              assert.equal((await trx.plan!.findByKey(1))?.n, n)
              await trx.plan!.update(2, { n: 10 * n })
            })
            assert.equal(await numberOf(2), 10 * n)
            const failing = repos.$transaction(async (trx) => {
              await trx.plan!.update(2, { n: 99 })
              throw new Error('rolled back')
            })
            await assert.rejects(failing, /rolled back/)
            const rows = await db.selectFrom('plan').selectAll().execute()
            assert.deepEqual(
              rows.map((row) => row.n),
              [n, 10 * n],
            )
          }
          // Waits for whoever still has a transaction that has read or written the table.
          await data.run('set lock_wait_timeout = 30', 'alter table plan comment = "free"')
          await trackVersion(db, 'plan')
          const versioned = data.repositories({ db, cache: { plan: 'versioned' } })
          assert.equal((await versioned.plan!.findByKey(1))?.n, 3)
          await versioned.plan!.update(1, { n: 4 })
          assert.equal((await versioned.plan!.findByKey(1))?.n, 4)
          await freeze(db, 'plan')
          await assert.rejects(data.run('update plan set n = 5'), /frozen/)
          await unfreeze(db, 'plan')
        } finally {
          await data.run('set global completion_type = default')
        }
      })
    }
  }
})
