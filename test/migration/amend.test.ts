import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, beforeEach, describe, it } from 'node:test'
import { CamelCasePlugin, type Kysely, sql, type Transaction } from 'kysely'
import { createDatabase } from '../../src/index.ts'
import { AmendError, amend, freeze, unfreeze } from '../../src/migration/index.ts'
import type { AnyDB } from '../support/lookups.ts'
import { CITIES, frozen, type Migrating, migrating, refusal } from '../support/migration/migrating.ts'

let data: Migrating

before(async () => {
  data = await migrating(CITIES)
})
after(() => data[Symbol.asyncDispose]())
beforeEach(async () => {
  await unfreeze(data.db, 'city')
  await data.run('drop table if exists extra', "update city set name = if(id = 1, 'Paris', 'Lyon')")
  await freeze(data.db, 'city')
})

const rename = (trx: Kysely<AnyDB>, name: string, id = 1) =>
  trx.updateTable('city').set({ name }).where('id', '=', id).execute()

const names = async () =>
  (await data.run('select name from city order by id')).map(({ name }) => String(name))

/** Nobody can change the table, and nothing of an amend is left in the version table. */
async function assertFrozen(): Promise<void> {
  await assert.rejects(data.run("update city set name = 'x' where id = 2"), frozen('city'))
  await assert.rejects(data.run('delete from city where id = 2'), frozen('city'))
  assert.deepEqual(await data.run('select 1 from lookup_version where token is not null'), [])
}

function isAmendError(error: unknown): true {
  assert.ok(error instanceof AmendError, String(error))
  assert.equal(error.code, 'KYSELY_LOOKUP_AMEND')
  assert.equal(error.table, 'city')
  assert.match(error.message, /COMMIT, ROLLBACK or a statement that commits/)
  return true
}

describe('amend', () => {
  it('changes rows, answers what its function answers, and moves the version', async () => {
    const before = await data.version('city')
    const answer = await amend(data.db, 'city', async (trx) => {
      await rename(trx, 'Lutetia')
      await trx.deleteFrom('city').where('id', '=', 2).execute()
      await trx.insertInto('city').values({ id: 2, name: 'Lugdunum', country: 'FR' }).execute()
      assert.equal(await data.version('city'), before, 'the version moves with the commit')
      assert.deepEqual(await names(), ['Paris', 'Lyon'], 'nobody sees it before the commit')
      return 'done'
    })
    assert.equal(answer, 'done')
    assert.deepEqual(await names(), ['Lutetia', 'Lugdunum'])
    assert.ok((await data.version('city')) > before)
    await assertFrozen()
  })

  it('works with a plugin, and on the only connection of a migration', async () => {
    await data.db
      .withPlugin(new CamelCasePlugin())
      .connection()
      .execute((connection) => amend(connection, 'city', (trx) => rename(trx, 'Lutetia')))
    assert.deepEqual(await names(), ['Lutetia', 'Lyon'])
    await assertFrozen()
  })

  it('neither lets other writers through meanwhile nor makes them wait', async () => {
    await amend(data.db, 'city', async (trx) => {
      await rename(trx, 'Lutetia')
      await assert.rejects(rename(data.db, 'x', 2), frozen('city'))
      await assert.rejects(data.run('delete from city where id = 2'), frozen('city'))
      // Not even one who knows the variable's name.
      await assert.rejects(
        data.run(
          "set @kysely_lookup_amend = 'x', innodb_lock_wait_timeout = 1",
          'delete from city where id = 2',
        ),
        /frozen|Lock wait timeout/,
      )
    })
    assert.deepEqual(await names(), ['Lutetia', 'Lyon'])
  })

  it('changes nothing when its function throws', async () => {
    const before = await data.version('city')
    const mistake = new Error('mistake')
    await assert.rejects(
      amend(data.db, 'city', async (trx) => {
        await rename(trx, 'Lutetia')
        throw mistake
      }),
      mistake,
    )
    assert.deepEqual(await names(), ['Paris', 'Lyon'])
    assert.equal(await data.version('city'), before)
    await assertFrozen()
  })

  const endings: [string, string, (trx: Transaction<AnyDB>) => Promise<unknown>][] = [
    ['commits', 'kept', (trx) => sql`commit`.execute(trx)],
    ['commits and goes on', 'kept', (trx) => sql`commit and chain`.execute(trx)],
    ['begins another transaction', 'kept', (trx) => sql`start transaction`.execute(trx)],
    ['creates a table', 'kept', (trx) => sql`create table extra (id int)`.execute(trx)],
    ['rolls back', 'undone', (trx) => sql`rollback`.execute(trx)],
    ['rolls back and goes on', 'undone', (trx) => sql`rollback and chain`.execute(trx)],
  ]
  for (const [what, then, end] of endings) {
    it(`says so when its function ${what}: the change is ${then}, the table frozen, the connection clean`, async () => {
      await using db = createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 1 })
      const moved = await data.moved('city', () =>
        assert.rejects(
          amend(db, 'city', async (trx) => {
            await rename(trx, 'Lutetia')
            await end(trx)
          }),
          isAmendError,
        ),
      )
      assert.deepEqual(await names(), [then === 'kept' ? 'Lutetia' : 'Paris', 'Lyon'])
      assert.ok(then === 'undone' || moved > 0, 'what was committed moved the version')
      await assertFrozen()
      await assert.rejects(rename(db, 'x', 2), frozen('city'))
    })
  }

  it('says so too when its function commits, changes more, and then throws', async () => {
    await using db = createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 1 })
    const mistake = new Error('mistake')
    const versions: number[] = []
    const failure = await amend(db, 'city', async (trx) => {
      await sql`create table extra (id int)`.execute(trx)
      versions.push(await data.version('city'))
      await rename(trx, 'Lutetia')
      versions.push(await data.version('city'))
      throw mistake
    }).catch((error: unknown) => error)
    isAmendError(failure)
    assert.equal((failure as Error).cause, mistake)
    assert.ok(versions[1]! > versions[0]!, 'each change moves the version, also outside of the transaction')
    await assertFrozen()
    await assert.rejects(rename(db, 'x', 2), frozen('city'))
  })

  it('ends the connection where it cannot clean up', async () => {
    await using db = createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 1 })
    const id = async () => (await sql<{ id: number }>`select connection_id() as id`.execute(db)).rows[0]?.id
    const first = await id()
    await assert.rejects(
      amend(db, 'city', async (trx) => {
        await sql`rename table lookup_version to elsewhere`.execute(trx)
      }),
      isAmendError,
    )
    await data.run('rename table elsewhere to lookup_version')
    assert.notEqual(await id(), first)
    await assert.rejects(rename(db, 'x', 2), frozen('city'))
    await amend(db, 'city', (trx) => rename(trx, 'Lutetia'))
    await assertFrozen()
  })

  it('leaves nothing that opens the table later: an old token is useless', async () => {
    let token = ''
    await amend(data.db, 'city', async (trx) => {
      const { rows } = await sql<{ token: string }>`select hex(@kysely_lookup_amend) as token`.execute(trx)
      token = rows[0]!.token
    })
    assert.match(token, /^[\dA-F]{32}$/)
    await assert.rejects(
      data.run(`set @kysely_lookup_amend = 0x${token}`, 'delete from city'),
      frozen('city'),
    )
    const left = await data.db.connection().execute(async (connection) => {
      await amend(connection, 'city', (trx) => rename(trx, 'Lutetia'))
      return await sql<{ token: unknown }>`select @kysely_lookup_amend as token`.execute(connection)
    })
    assert.deepEqual(left.rows, [{ token: null }])
  })

  it('lets a second amend wait for the first, and see what it did', async () => {
    const order: string[] = []
    const first = Promise.withResolvers<void>()
    const inFirst = Promise.withResolvers<void>()
    const one = amend(data.db, 'city', async (trx) => {
      await rename(trx, 'Lutetia')
      inFirst.resolve()
      await first.promise
      order.push('first')
    })
    await inFirst.promise
    const two = amend(data.db, 'city', async (trx) => {
      order.push('second')
      const row = await trx.selectFrom('city').select('name').where('id', '=', 1).executeTakeFirst()
      await rename(trx, `${row?.name} Parisiorum`)
    })
    await waitsForLock('update lookup_version set token')
    first.resolve()
    await Promise.all([one, two])
    assert.deepEqual(order, ['first', 'second'])
    assert.deepEqual(await names(), ['Lutetia Parisiorum', 'Lyon'])
    await assertFrozen()
  })

  it('says that another amend is under way when it waits too long', async () => {
    await amend(data.db, 'city', () =>
      data.db.connection().execute(async (connection) => {
        await sql`set innodb_lock_wait_timeout = 1`.execute(connection)
        await assert.rejects(
          amend(connection, 'city', (trx) => rename(trx, 'x')),
          { name: 'AmendError', message: /another amend of the table/ },
        )
        await sql`set innodb_lock_wait_timeout = 50`.execute(connection)
      }),
    )
    await assertFrozen()
  })

  for (const how of ['rolled back', 'commit']) {
    it(`leaves the table frozen when it is killed half-way (${how})`, async () => {
      const script = new URL('../support/migration/amending-process.ts', import.meta.url)
      using child = spawn(process.execPath, [script.pathname, data.test.url, how], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await once(child.stdout, 'data')
      await assert.rejects(data.run('delete from city where id = 2'), frozen('city'))
      child.kill('SIGKILL')
      await once(child, 'exit')
      await data.run('drop table if exists committed')
      // Waits until the server has ended what the process had begun.
      await data.run('begin', 'select * from city where id = 1 for update', 'rollback')
      assert.deepEqual(await names(), [how === 'commit' ? 'half-way' : 'Paris', 'Lyon'])
      await assert.rejects(data.run('delete from city where id = 2'), frozen('city'))
      await amend(data.db, 'city', (trx) => rename(trx, 'Lutetia'))
      assert.deepEqual(await names(), ['Lutetia', 'Lyon'])
      await assertFrozen()
    })
  }

  it('refuses what it cannot do, and says what to do', async () => {
    const nothing = async () => assert.fail('the function is not called')
    await assert.rejects(amend(data.db, 'nowhere', nothing), refusal('no table nowhere'))
    await data.db
      .transaction()
      .execute((trx) => assert.rejects(amend(trx, 'city', nothing), refusal('amend was given a transaction')))
    await data.run("delete from lookup_version where table_name = 'city'")
    await assert.rejects(amend(data.db, 'city', nothing), refusal("freeze(db, 'city') again"))
    await freeze(data.db, 'city')
    await data.run('drop trigger lookup_frozen_delete_city')
    await assert.rejects(
      amend(data.db, 'city', nothing),
      refusal('half frozen', 'lookup_frozen_delete_city is missing'),
    )
    await unfreeze(data.db, 'city')
    await assert.rejects(amend(data.db, 'city', nothing), refusal('city is not frozen'))
  })
})

/** Resolves when a statement in the test's database that begins like this is being executed. */
async function waitsForLock(beginning: string): Promise<void> {
  for (;;) {
    const [row] = await data.run(
      `select 1 from information_schema.processlist where db = database() and info like '${beginning}%'`,
    )
    if (row) return
  }
}
