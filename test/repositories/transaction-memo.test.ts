import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type ControlledTransaction, type Kysely, sql } from 'kysely'
import { type AnyDB, type AnyRepositories, type Lookups, lookups } from '../support/lookups.ts'

describe('what a transaction remembers', () => {
  let data: Lookups
  let repos: AnyRepositories

  before(async () => {
    data = await lookups([
      'create table plan (id int not null primary key, name varchar(20) not null)',
      'create table note (id int not null primary key, text varchar(20) not null)',
      'create trigger plan_noted after update on plan for each row update note set text = new.name where id = new.id',
      'create procedure goes_back() rollback to here',
      'create procedure gives_up() begin rollback; end',
      `create procedure tries_in_vain() begin
        declare exit handler for sqlexception rollback;
        update plan set name = 'tried' where id = 1;
        signal sqlstate '45000';
      end`,
    ])
    repos = data.repositories()
    await repos.$ready()
  })
  after(() => data[Symbol.asyncDispose]())
  beforeEach(() =>
    data.run("replace into plan values (1, 'Free'), (2, 'Team')", "replace into note values (1, 'Free')"),
  )

  type Controlled = ControlledTransaction<AnyDB>

  async function controlled(work: (transaction: Controlled, inside: AnyRepositories) => Promise<void>) {
    const transaction = await data.db.startTransaction().execute()
    try {
      await work(transaction, repos.$withTransaction(transaction))
    } finally {
      await transaction.rollback().execute()
    }
  }

  const savepoint = async (transaction: Controlled) => {
    await sql`savepoint here`.execute(transaction)
  }
  const raw = (text: string) => (transaction: Controlled) => sql.raw(text).execute(transaction)
  const ways: Readonly<Record<string, (transaction: Controlled) => Promise<unknown>>> = {
    'by Kysely': (transaction) =>
      (transaction as ControlledTransaction<AnyDB, ['here']>).rollbackToSavepoint('here').execute(),
    'by hand': raw('rollback to savepoint here'),
    'by hand, in short': raw('ROLLBACK WORK TO here'),
    'in a comment that is executed': raw('/*!rollback to here*/'),
    'behind a comment': raw('-- back\n rollback /* work */ to here'),
    'by a procedure': raw('call goes_back()'),
    'all of it': raw('rollback'),
    'all of it, by a procedure': raw('call gives_up()'),
    'all of it, where a procedure failed': raw('call tries_in_vain()'),
  }
  for (const [how, rollBack] of Object.entries(ways)) {
    it(`does not outlive what was rolled back, ${how}`, () =>
      controlled(async (transaction, inside) => {
        const first = await inside.plan!.findByKey(1)
        await savepoint(transaction)
        await inside.plan!.update(1, { name: 'Gratis' })
        await inside.plan!.insert({ id: 3, name: 'Firm' })
        assert.equal((await inside.plan!.findByKey(1))?.name, 'Gratis')
        assert.equal((await inside.plan!.findByKey(3))?.name, 'Firm')
        assert.equal((await inside.plan!.findAllBy({ id: 3 })).length, 1)
        await rollBack(transaction)
        assert.deepEqual(await inside.plan!.findByKey(1), first)
        assert.equal(await inside.plan!.findByKey(3), undefined)
        assert.deepEqual(await inside.plan!.findAllBy({ id: 3 }), [])
      }))
  }

  it('does not outlive what was rolled back, by EXECUTE IMMEDIATE or a prepared statement', async () => {
    const text =
      data.test.system === 'mariadb'
        ? ["execute immediate 'rollback'"]
        : ["prepare s from 'rollback'", 'execute s']
    await controlled(async (transaction, inside) => {
      await inside.plan!.update(1, { name: 'Gratis' })
      assert.equal((await inside.plan!.findByKey(1))?.name, 'Gratis')
      for (const one of text) await sql.raw(one).execute(transaction)
      assert.equal((await inside.plan!.findByKey(1))?.name, 'Free')
    })
  })

  /** Makes the transaction the victim of a deadlock, which rolls back all of it, by a statement of `how`. */
  async function deadlock(transaction: Controlled, how: (transaction: Controlled) => Promise<unknown>) {
    const rival = await data.db.startTransaction().execute()
    try {
      // The server gives up the one that has changed less.
      await sql`update plan set name = concat(name, '.') where id >= 2`.execute(rival)
      await sql`insert into plan values (7, 'x'), (8, 'x'), (9, 'x')`.execute(rival)
      const blocked = sql`update plan set name = 'rival' where id = 1`.execute(rival)
      blocked.catch(() => {})
      await waiting()
      await assert.rejects(how(transaction), { errno: 1213 })
      await blocked
    } finally {
      await rival.rollback().execute()
    }
  }

  /** Until the rival waits for a lock. */
  async function waiting(): Promise<void> {
    for (;;) {
      const rows = await data.run(
        "select trx_state s from information_schema.innodb_trx where trx_state = 'LOCK WAIT'",
      )
      if (rows.length > 0) return
    }
  }

  it('does not outlive a deadlock that the program swallows', () =>
    controlled(async (transaction, inside) => {
      await sql`update plan set name = 'Gratis' where id = 1`.execute(transaction)
      assert.equal((await inside.plan!.findByKey(1))?.name, 'Gratis')
      await deadlock(transaction, (own) => sql`update plan set name = 'late' where id = 2`.execute(own))
      assert.equal((await inside.plan!.findByKey(1))?.name, 'Free')
    }))

  it('does not outlive a deadlock of a lookup that the program swallows', async () => {
    const transaction = await data.db.startTransaction().setIsolationLevel('serializable').execute()
    const inside = repos.$withTransaction(transaction)
    await sql`update plan set name = 'Gratis' where id = 1`.execute(transaction)
    assert.equal((await inside.plan!.findByKey(1))?.name, 'Gratis')
    await deadlock(transaction as never, () => inside.plan!.findByKey(2))
    assert.equal((await inside.plan!.findByKey(1))?.name, 'Free')
    await transaction.rollback().execute()
  })

  it('does not outlive what its writes change in other tables', () =>
    repos.$transaction(async (trx) => {
      assert.equal((await trx.note!.findByKey(1))?.text, 'Free')
      await trx.plan!.update(1, { name: 'Gratis' })
      assert.equal((await trx.note!.findByKey(1))?.text, 'Gratis')
      const db = trx.$db as unknown as Kysely<AnyDB>
      await db.updateTable('plan').set({ name: 'Gratuit' }).where('id', '=', 1).execute()
      assert.equal((await trx.note!.findByKey(1))?.text, 'Gratuit')
      assert.equal((await trx.plan!.findByKey(1))?.name, 'Gratuit')
    }))

  it('is one batch, and one row object, between two statements of the program', async () => {
    const counts = await data.counter.during(() =>
      repos.$transaction(async (trx) => {
        const read = () => Promise.all([1, 2].map((id) => trx.plan!.findByKey(id)))
        const [first] = await read()
        assert.equal((await read())[0], first)
        await trx.plan!.update(1, { name: 'Gratis' })
        const [second] = await read()
        assert.equal((await read())[0], second)
      }),
    )
    // What the session is asked, and a batch, twice; and what it is asked before the write.
    assert.equal(counts.Com_select, 5)
  })
})
