import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { sql } from 'kysely'
import {
  type AmbientLookups,
  ambient,
  ambientLookups,
  FAILED,
  nameIn,
  STOP,
} from '../support/ambient-lookups.ts'
import type { AnyRepositories, AnyTransaction, Lookups } from '../support/lookups.ts'

const ENDED = { code: 'KYSELY_LOOKUP_TRANSACTION_ENDED' }

describe('the end of an ambient transaction', () => {
  let data: Lookups
  let repos: AnyRepositories
  let stored: AmbientLookups['stored']
  let begin: AmbientLookups['begin']

  before(async () => {
    ;({ data, begin, stored } = await ambientLookups())
  })
  after(() => data[Symbol.asyncDispose]())
  beforeEach(async () => {
    repos = await begin()
  })

  const nameOf = (set: AnyRepositories | AnyTransaction = repos, table = 'plan', id = 1) =>
    nameIn(set, table, id)
  const rename = (name: string, id = 1) => repos.plan!.update(id, { name })

  describe('work that outlives it', () => {
    it('gets an error with a code, whatever it does', async () => {
      let late: (() => Promise<void>) | undefined
      const timer = Promise.withResolvers<void>()
      await repos.$transaction(async (trx) => {
        assert.equal(await nameOf(), 'one')
        late = async () => {
          for (const set of [repos, repos.$forRequest(), trx] as AnyRepositories[]) {
            await assert.rejects(set.plan!.findByKey(1), ENDED)
            await assert.rejects(set.plan!.findByKeys([1]), ENDED)
            await assert.rejects(set.plan!.findAllBy({ tier: 1 }), ENDED)
            await assert.rejects(set.plan!.all(), ENDED)
            await assert.rejects(set.plan!.update(1, { name: 'late' }), ENDED)
            assert.throws(() => set.plan!.clear(1), ENDED)
            assert.throws(() => set.plan!.prime({ id: 1, name: '', tier: 1 }), ENDED)
            assert.throws(() => (set as unknown as AnyTransaction).$db, ENDED)
            assert.equal(set.plan!.peek(1), undefined)
          }
          await assert.rejects(
            repos.$transaction(async () => {}, ambient),
            ENDED,
          )
          assert.equal(await repos.$withoutTransaction(() => nameOf()), 'one')
        }
        setTimeout(() => late!().then(timer.resolve, timer.reject), 1)
      }, ambient)
      await timer.promise
      assert.equal(await stored(), 'one')
    })

    it('a call under way belongs to the transaction, also if the function rejects first', async () => {
      let write: Promise<unknown> | undefined
      await repos.$transaction(async () => {
        write = rename('not awaited')
      }, ambient)
      assert.equal(await stored(), 'not awaited')
      await assert.rejects(
        repos.$transaction(
          () => Promise.all([rename('undone'), rename('undone', 2), Promise.reject(STOP)]),
          ambient,
        ),
        STOP,
      )
      assert.equal(await write, 1)
      assert.deepEqual([await stored(), await stored('plan', 2)], ['not awaited', 'two'])
    })

    it('a $transaction that joined and is not awaited rolls everything back', async () => {
      const gate = Promise.withResolvers<void>()
      let joined: Promise<unknown> | undefined
      await assert.rejects(
        repos.$transaction(async () => {
          await rename('first')
          joined = repos.$transaction(async () => {
            await gate.promise
            await rename('second', 2)
          })
        }, ambient),
        { ...FAILED, message: /had not ended/ },
      )
      gate.resolve()
      await assert.rejects(joined!, ENDED)
      assert.deepEqual([await stored(), await stored('plan', 2)], ['one', 'two'])
    })
  })

  it('the repositories of any $transaction are refused after its end', async () => {
    const trx = await repos.$transaction(async (trx) => {
      await nameOf(trx)
      return trx
    })
    await assert.rejects(nameOf(trx), ENDED)
    await assert.rejects(trx.plan!.update(1, { name: 'late' }), ENDED)
    assert.throws(() => trx.$db, ENDED)
  })

  it('is retried as a whole after a deadlock, also if what joined it met the deadlock', async () => {
    let attempts = 0
    const victim = repos.$transaction(
      async () => {
        attempts++
        await repos.note!.update(1, { name: 'victim' })
        if (attempts > 1) return
        await repos
          .$transaction(() => deadlock(() => repos.note!.update(2, { name: 'victim' })))
          .catch(() => {})
      },
      { ...ambient, retries: 1 },
    )
    await victim
    assert.equal(attempts, 2)
    assert.equal(await stored('note'), 'victim')
  })

  it('commits nothing after a deadlock that the program swallows', async () => {
    await assert.rejects(
      repos.$transaction(async () => {
        await repos.note!.update(1, { name: 'victim' })
        await deadlock(() => assert.rejects(repos.note!.update(2, { name: 'victim' }), { errno: 1213 }))
        await assert.rejects(rename('late'), FAILED)
      }, ambient),
      FAILED,
    )
    assert.deepEqual([await stored(), await stored('note')], ['one', 'rival'])
  })

  /** Makes the caller's transaction, which has locked row 1, the victim of a deadlock by `write`, which wants row 2. */
  async function deadlock(write: () => Promise<unknown>): Promise<void> {
    const rival = await data.db.startTransaction().execute()
    try {
      // The server gives up the one that has changed less.
      await sql`update note set name = 'rival' where id = 2`.execute(rival)
      await sql`insert into city values (7, 'x'), (8, 'x'), (9, 'x')`.execute(rival)
      const blocked = sql`update note set name = 'rival' where id = 1`.execute(rival)
      blocked.catch(() => {})
      for (;;) {
        const waiting = await data.run(
          "select 1 from information_schema.innodb_trx where trx_state = 'LOCK WAIT'",
        )
        if (waiting.length > 0) break
      }
      await Promise.all([write(), blocked])
    } finally {
      await rival.commit().execute()
    }
  }
})
