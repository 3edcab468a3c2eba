import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { type Connection, createConnection } from 'mysql2/promise'
import { createDatabase } from '../../src/index.ts'
import { trackVersion, versionTriggers } from '../../src/migration/index.ts'
import { trackingBody } from '../../src/migration/trigger-body.ts'
import type { AnyDB } from '../support/lookups.ts'
import { type Migrating, migrating } from '../support/migration/migrating.ts'

const ROWS = 1_000

const columns = '(id int primary key, price int not null) engine = InnoDB'
const values = (count: number) => Array.from({ length: count }, (_, id) => `(${id}, 0)`).join(', ')

/** What a session does, and by how much it moves the version at least, and at most. */
interface Sequence {
  readonly what: string
  readonly statements: readonly string[]
  readonly least: number
  readonly most?: number
}

const raise = (id: number) => `update plan set price = price + 1 where id = ${id}`

const sequences: readonly Sequence[] = [
  { what: 'a statement of one row', statements: [raise(1)], least: 1, most: 1 },
  { what: 'a statement of no row', statements: [raise(-1)], least: 0, most: 0 },
  { what: 'two statements', statements: [raise(1), raise(1)], least: 2, most: 2 },
  {
    what: 'two transactions at one time of the clock',
    statements: ['set timestamp = 1000000000', raise(1), raise(1), 'set timestamp = default'],
    least: 2,
  },
  {
    what: 'statements of a procedure, each its own transaction',
    statements: ['call raise_alone(50)'],
    least: 50,
  },
  { what: 'transactions of a procedure', statements: ['call raise_in_transactions(50)'], least: 50 },
  {
    what: 'a prepared statement that runs again',
    statements: [`prepare p from '${raise(1)}'`, 'execute p', 'execute p', 'deallocate prepare p'],
    least: 2,
  },
  {
    what: 'a statement after one that was rolled back',
    statements: ['begin', raise(1), 'rollback', 'begin', raise(1), 'commit'],
    least: 1,
  },
  {
    what: 'a statement after one that was rolled back to a savepoint',
    statements: ['begin', 'savepoint s', raise(1), 'rollback to s', raise(1), 'commit'],
    least: 1,
  },
  { what: 'a statement after one that failed', statements: ['call fails_first()'], least: 1 },
  {
    what: 'a function that writes for each row',
    statements: ['select count(raised(id)) from other'],
    least: 3,
  },
  {
    what: 'a variable that is left from another statement',
    statements: [raise(1), 'set @kysely_lookup_row = 1', raise(1)],
    least: 2,
  },
]

async function numbersStatements(data: Migrating): Promise<boolean> {
  return (await data.run("show session variables like 'statement\\_id'")).length > 0
}

describe('a statement of many rows', () => {
  let data: Migrating
  let writer: Connection

  before(async () => {
    data = await migrating([
      `create table plan ${columns}`,
      `create table \`plän\` ${columns}`,
      `create table other ${columns}`,
      `insert into plan values ${values(ROWS)}`,
      `insert into \`plän\` values ${values(3)}`,
      `insert into other values ${values(3)}`,
      `create procedure raise_alone(times int) begin
        while times > 0 do update plan set price = price + 1 where id = 1; set times = times - 1; end while; end`,
      `create procedure raise_in_transactions(times int) begin
        while times > 0 do start transaction; update plan set price = price + 1 where id = 1; commit; set times = times - 1; end while; end`,
      `create procedure fails_first() begin
        declare continue handler for 1062 begin end;
        update plan set id = if(id = 1, 5000, 5) where id in (1, 2) order by id;
        update plan set price = price + 1 where id = 1; end`,
      `create function raised(given int) returns int deterministic modifies sql data begin
        update plan set price = price + 1 where id = given; return given; end`,
    ])
    for (const table of ['plan', 'plän']) await trackVersion(data.db, table)
    writer = await createConnection(data.test.url)
  })
  after(async () => {
    writer.destroy()
    await data[Symbol.asyncDispose]()
  })
  // Ahead of the clock, so that each move counts one.
  beforeEach(() => data.run('update lookup_version set version = 100000000000000'))

  async function moves(table: string, ...statements: readonly string[]): Promise<number> {
    return await data.moved(table, async () => {
      for (const statement of statements) await writer.query(statement)
    })
  }

  for (const { what, statements, least, most } of sequences) {
    it(`moves the version as often as it must: ${what}`, async () => {
      const moved = await moves('plan', ...statements)
      assert.ok(moved >= least, `${moved}, at least ${least}`)
      if (most !== undefined) assert.ok(moved <= most, `${moved}, at most ${most}`)
    })
  }

  it('moves it once where the server numbers statements, and for each row elsewhere', async () => {
    const numbered = await numbersStatements(data)
    for (const statement of [
      'update plan set price = price + 1',
      'delete from plan',
      `insert into plan values ${values(ROWS)}`,
      `insert into plan values ${values(ROWS)} on duplicate key update price = price + 1`,
      `replace into plan values ${values(ROWS)}`,
    ]) {
      const moved = await moves('plan', statement)
      // The server may have work of its own, which takes numbers too.
      if (numbered) assert.ok(moved >= 1 && moved < ROWS / 2, `${statement.slice(0, 20)}: ${moved}`)
      else assert.ok(moved >= ROWS, `${statement.slice(0, 20)}: ${moved}`)
    }
  })

  it('moves the versions of all the tables that it changes, though a collation takes their names for one', async () => {
    const tables = ['plan', 'plän']
    const before = await Promise.all(tables.map((table) => data.version(table)))
    await writer.query(
      'update plan p, `plän` q set p.price = p.price + 1, q.price = q.price + 1 where p.id = q.id',
    )
    for (const [index, table] of tables.entries()) {
      assert.ok((await data.version(table)) > before[index]!, table)
    }
  })

  it('moves the versions of tables of one name in two databases', async () => {
    await using second = await migrating([
      `create table plan ${columns}`,
      `insert into plan values ${values(3)}`,
    ])
    await trackVersion(second.db, 'plan')
    const before = await second.version('plan')
    const moved = await moves(
      'plan',
      `update plan p, \`${second.test.name}\`.plan q set p.price = p.price + 1, q.price = q.price + 1 where p.id = q.id`,
    )
    assert.ok(moved > 0 && (await second.version('plan')) > before)
  })

  it('meets triggers of another server, until trackVersion creates those that are best here', async () => {
    const bodies = async () =>
      (await versionTriggers(data.db, ['plan'])).get('plan')!.map(({ state, body }) => ({ state, body }))
    const own = await bodies()
    for (const event of ['insert', 'update', 'delete']) {
      await data.run(
        `drop trigger lookup_version_${event}_plan`,
        `create trigger lookup_version_${event}_plan after ${event} on plan for each row ${trackingBody('plan')}`,
      )
    }
    assert.deepEqual(
      await bodies(),
      own.map(() => ({ state: 'live', body: trackingBody('plan') })),
    )
    assert.ok((await moves('plan', raise(1))) > 0)
    await trackVersion(data.db, 'plan')
    assert.deepEqual(await bodies(), own)
    if (!(await numbersStatements(data))) return
    const [logged] = await data.run('select @@global.binlog_format as format')
    // A session begins with the server's.
    await data.run("set global binlog_format = 'STATEMENT'")
    try {
      await using text = createDatabase<AnyDB>({ uri: data.test.url })
      await trackVersion(text, 'plan')
    } finally {
      await data.run(`set global binlog_format = '${logged?.format}'`)
    }
    assert.deepEqual(
      (await bodies()).map(({ body }) => body),
      own.map(() => trackingBody('plan')),
    )
    await trackVersion(data.db, 'plan')
    assert.deepEqual(await bodies(), own)
    assert.ok((await moves('plan', raise(1))) > 0)
  })
})
