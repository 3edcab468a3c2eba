import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Kysely, sql, type Transaction } from 'kysely'
import { ConfigurationError, createDatabase } from '../../src/index.ts'
import { trackVersion } from '../../src/migration/index.ts'
import {
  alter,
  alterations,
  alterationTables,
  nextUncommitted,
  PLANS,
  readPlans,
} from '../support/alterations.ts'
import { type AnyDB, type AnyRepositories, type Lookups, lookups } from '../support/lookups.ts'
import { migrating } from '../support/migration/migrating.ts'
import { createTestDatabase, systemUnderTest } from '../support/server.ts'

const system = await systemUnderTest()
const other = await createTestDatabase()

describe('a transaction whose session the program has altered', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(alterationTables(other.name, system), {
      connectionLimit: 1,
      multipleStatements: true,
    })
  })
  after(async () => {
    await data[Symbol.asyncDispose]()
    await other.drop()
  })

  const all = alterations(other.name).filter(({ only }) => !only || only === system)

  for (const { what, refused, ...alteration } of all) {
    if (!refused) continue
    it(`by ${what} is refused its reads, and nobody else, even if its read is the first`, async () => {
      const repos = data.repositories()
      await data.db.transaction().execute(async (trx) => {
        await alter(trx, alteration)
        await assertRefused(repos, trx, refused)
      })
      assert.deepEqual(await readPlans(repos), PLANS)
      assert.deepEqual(await repos.$transaction((trx) => readPlans(trx as never)), PLANS)
      // Also in mid-transaction, by a session that was right.
      await data.db.transaction().execute(async (trx) => {
        assert.equal((await repos.$withTransaction(trx).plan!.findByKey(1))?.name, 'Free')
        await alter(trx, alteration)
        await assertRefused(repos, trx, refused)
      })
      assert.deepEqual(await readPlans(repos), PLANS)
    })
  }

  it('is answered once the program has corrected the session', async () => {
    const repos = data.repositories()
    const name = await repos.$transaction(async (trx) => {
      const db = trx.$db as unknown as Kysely<AnyDB>
      await alter(db, { statements: [`use ${other.name}`, "set time_zone = '+02:00'"] })
      await assert.rejects(trx.plan!.findByKey(1), ConfigurationError)
      await alter(db, { statements: [`use ${data.test.name}`, "set time_zone = '+00:00'"] })
      return (await trx.plan!.findByKey(1))?.name
    })
    assert.equal(name, 'Free')
  })

  it('is refused READ UNCOMMITTED, however it is set', async () => {
    const repos = data.repositories()
    const kyselys = data.db.transaction().setIsolationLevel('read uncommitted')
    await kyselys.execute((trx) => assertRefused(repos, trx, /READ UNCOMMITTED/))
    const prepared = ["prepare s from 'set transaction isolation level read uncommitted'", 'execute s']
    for (const statements of [...nextUncommitted.map((one) => [one]), prepared]) {
      await data.db.connection().execute(async (held) => {
        await alter(held, { statements })
        await held.transaction().execute((trx) => assertRefused(repos, trx, /READ UNCOMMITTED/))
      })
    }
    const scripts = [
      'select 1; set transaction isolation level read uncommitted',
      'commit; set transaction isolation level read uncommitted; select 1',
    ]
    for (const script of scripts) {
      await data.db.connection().execute(async (held) => {
        await alter(held, { statements: [script] })
        await held.transaction().execute((trx) => assertRefused(repos, trx, /READ UNCOMMITTED/))
      })
    }
    await data.db.transaction().execute(async (trx) => {
      await alter(trx, { statements: [`${scripts[1]}; start transaction`] })
      await assertRefused(repos, trx, /READ UNCOMMITTED/)
    })
    for (const level of ['read committed', 'repeatable read', 'serializable'] as const) {
      const allowed = data.db.transaction().setIsolationLevel(level)
      const row = await allowed.execute((trx) => repos.$withTransaction(trx).plan!.findByKey(1))
      assert.equal(row?.name, 'Free')
    }
  })

  it('does not make its commits look unchanged', async () => {
    await using versioned = await migrating([
      'create table word (id int primary key, text varchar(9)) engine = InnoDB',
      "insert into word values (1, 'a')",
    ])
    await trackVersion(versioned.db, 'word')
    const elsewhere = await createTestDatabase()
    await using repos = versioned.repositories({ cache: { word: 'versioned' } })
    const restore = [`use ${versioned.test.name}`, 'set sql_select_limit = default', 'set names utf8mb4']
    for (const [at, statement] of [
      `use ${elsewhere.name}`,
      'set sql_select_limit = 0',
      'set names latin1',
    ].entries()) {
      assert.equal((await repos.word!.findByKey(1))?.text, 'abcd'[at])
      await repos.$transaction(async (trx) => {
        const db = trx.$db as unknown as Kysely<AnyDB>
        await sql`update word set text = ${'abcd'[at + 1]}`.execute(db)
        await sql.raw(statement).execute(db)
      })
      assert.equal((await repos.word!.findByKey(1))?.text, 'abcd'[at + 1], statement)
      // The pool has one connection as long as nobody needs two.
      await versioned.db.connection().execute((held) => alter(held, { statements: restore }))
    }
    await elsewhere.drop()
  })

  it('is one of the same database', async () => {
    const repos = data.repositories()
    await using foreign = createDatabase<AnyDB>({ uri: other.url })
    await foreign.transaction().execute(async (trx) => {
      assert.throws(() => repos.$withTransaction(trx), /another database object/)
    })
  })
})

async function assertRefused(repos: AnyRepositories, trx: Transaction<AnyDB>, what: RegExp): Promise<void> {
  const { plan } = repos.$withTransaction(trx)
  for (const read of [() => plan!.findByKey(1), () => plan!.findAllBy({ code: '?' })]) {
    await assert.rejects(read(), (error: Error) => {
      assert.ok(error instanceof ConfigurationError, String(error))
      assert.match(error.message, what)
      return true
    })
  }
}
