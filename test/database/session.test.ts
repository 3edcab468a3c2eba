import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { ConfigurationError, createDatabase } from '../../src/index.ts'
import { type AnyDB, type Lookups, lookups } from '../support/lookups.ts'

const isolation = 'isolation level'
const procedure = (name: string, body: string) =>
  `create procedure ${name}() begin ${body}; select 1 as one; end`

describe('a pooled connection', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(
      [
        'create table plan (id int not null primary key, name varchar(20) not null)',
        "insert into plan values (1, 'Free')",
        procedure('begins', 'start transaction'),
        procedure('stops_isolating', `set session transaction ${isolation} read uncommitted`),
      ],
      { connectionLimit: 1 },
    )
  })
  after(() => data[Symbol.asyncDispose]())

  const isolationVariable = () => (data.test.system === 'mariadb' ? 'tx_isolation' : 'transaction_isolation')

  const connectionId = async () => {
    const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute(data.db)
    return rows[0]!.id
  }

  const altered: readonly (readonly [what: string, ...statements: string[]])[] = [
    ['READ UNCOMMITTED', `set session transaction ${isolation} read uncommitted`],
    ['READ UNCOMMITTED by its variable', "set session ISOLATION = 'READ-UNCOMMITTED'"],
    ['READ UNCOMMITTED for the next transaction', `set transaction ${isolation} read uncommitted`],
    [
      'the same, behind a comment',
      `/* hint */ -- note
        set transaction ${isolation} read uncommitted`,
    ],
    ['READ UNCOMMITTED by a procedure', 'call stops_isolating()'],
    ['autocommit off', 'set autocommit = 0'],
    ['autocommit off, and something read', 'set autocommit = 0', 'select * from plan'],
    ['a transaction', 'begin'],
    ['a transaction that a procedure began', 'call begins()'],
    ['another time zone', "set time_zone = '+02:00'"],
    ['another charset', 'set names latin1'],
    ['no backslash escapes', "set sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')"],
  ]
  for (const [what, ...statements] of altered) {
    it(`left with ${what} serves no other reads`, async () => {
      const repos = data.repositories()
      const connection = await connectionId()
      await data.db.connection().execute(async (held) => {
        for (const statement of statements) {
          await sql.raw(statement.replace('ISOLATION', isolationVariable())).execute(held)
        }
      })
      assert.equal((await repos.plan!.findByKey(1))?.name, 'Free')
      assert.notEqual(await connectionId(), connection)
    })
  }

  const unaltered: readonly (readonly [what: string, ...statements: string[]])[] = [
    ['another lawful isolation level', `set session transaction ${isolation} read committed`],
    [
      'all that was wrong set right again',
      'set autocommit = 0',
      `set session transaction ${isolation} read uncommitted`,
      'begin',
      'commit',
      `set session transaction ${isolation} repeatable read`,
      'set autocommit = 1',
    ],
    [
      'its one transaction done',
      `set transaction ${isolation} read uncommitted`,
      'begin',
      'select * from plan',
      'commit',
    ],
  ]
  for (const [what, ...statements] of unaltered) {
    it(`left with ${what} is kept`, async () => {
      const connection = await connectionId()
      await data.db.connection().execute(async (held) => {
        for (const statement of statements) await sql.raw(statement).execute(held)
      })
      assert.equal(await connectionId(), connection)
    })
  }

  it('that the server set to READ UNCOMMITTED is refused, and lookups have others', async () => {
    await using db = createDatabase<AnyDB>({ uri: data.test.url, connectionLimit: 1 })
    const repos = data.repositories({ db })
    await repos.$ready()
    const variable = isolationVariable()
    const [before] = await data.run(`select @@global.${variable} as level`)
    await data.run(`set global transaction ${isolation} read uncommitted`)
    try {
      const [own] = await data.run(
        `select id from information_schema.processlist where db = '${data.test.name}' and command = 'Sleep'`,
      )
      await data.run(`kill ${own!.id ?? own!.ID}`)
      await assert.rejects(sql`select 1`.execute(db), (error: Error) => {
        assert.ok(error instanceof ConfigurationError, String(error))
        assert.match(error.message, /READ UNCOMMITTED.*use READ COMMITTED or REPEATABLE READ/)
        return true
      })
      assert.equal((await repos.plan!.findByKey(1))?.name, 'Free')
    } finally {
      await data.run(`set global ${variable} = '${before?.level}'`)
    }
    assert.equal((await repos.plan!.findByKey(1))?.name, 'Free')
  })
})

describe('a transaction that the caller manages', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      'create table plan (id int not null primary key, name varchar(20) not null)',
      "insert into plan values (1, 'Free')",
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  const ways = {
    'by Kysely': (transaction: Controlled) => transaction.rollbackToSavepoint('here').execute(),
    'by hand': (transaction: Controlled) => sql`rollback to savepoint here`.execute(transaction),
    'by hand, in short': (transaction: Controlled) => sql`ROLLBACK WORK TO here`.execute(transaction),
  }
  type Controlled = Awaited<ReturnType<Awaited<ReturnType<typeof controlled>>['savepointed']>>

  async function controlled() {
    const transaction = await data.db.startTransaction().execute()
    return { transaction, savepointed: () => transaction.savepoint('here').execute() }
  }

  for (const [how, rollBack] of Object.entries(ways)) {
    it(`reads what a rollback to a savepoint left, ${how}`, async () => {
      const repos = data.repositories()
      const { transaction, savepointed } = await controlled()
      try {
        const inside = repos.$withTransaction(transaction)
        const before = await inside.plan!.findByKey(1)
        const savepoint = await savepointed()
        await inside.plan!.update(1, { name: 'Gratis' })
        await inside.plan!.insert({ id: 2, name: 'Team' })
        assert.equal((await inside.plan!.findByKey(1))?.name, 'Gratis')
        assert.equal((await inside.plan!.findByKey(2))?.name, 'Team')
        await rollBack(savepoint)
        assert.deepEqual(await inside.plan!.findByKey(1), before)
        assert.equal(await inside.plan!.findByKey(2), undefined)
        await transaction.commit().execute()
      } catch (error) {
        await transaction.rollback().execute()
        throw error
      }
    })
  }
})
