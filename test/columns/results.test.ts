import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Kysely, sql } from 'kysely'
import { createDatabase, type DatabaseOptions } from '../../src/index.ts'
import { type AnyDB, type AnyRow, type Lookups, lookups } from '../support/lookups.ts'

const OPTIONS: DatabaseOptions = {
  bigint: 'bigint',
  tinyint1: 'boolean',
  zeroDates: 'null',
  multipleStatements: true,
}

describe('a result', () => {
  let data: Lookups
  let db: Kysely<AnyDB>

  before(async () => {
    data = await lookups([
      `create table customer (id bigint not null primary key, code bigint not null, active tinyint(1) not null,
        ref bigint not null, due datetime, took time(3), ratio double)`,
      `create table plan (id int not null primary key, customer_id bigint not null, code varchar(20) not null,
        active int not null, ref char(36) not null, due varchar(30), took time(1), ratio varchar(30))`,
      "insert into customer values (9007199254740993, 12, 0, 7, '2020-01-02 03:04:05', '01:02:03.4', 0.1)",
      `insert into plan values (1, 9007199254740993, '0012', 5, '123e4567-e89b-12d3-a456-426655440000', 'soon',
        '01:02:03.4', '0.10')`,
      'create table step (id int not null primary key, done tinyint(1) not null)',
      'insert into step values (1, 0), (2, 0)',
      `create procedure report() begin
        select active, due from customer; select active, due from plan; update step set done = 1 where id = 2; end`,
    ])
    db = createDatabase<AnyDB>({ uri: data.test.url, ...OPTIONS })
  })
  after(async () => {
    await db.destroy()
    await data[Symbol.asyncDispose]()
  })

  const joined = (first: string, second: string) =>
    db
      .selectFrom(first)
      .innerJoin(second, 'plan.customer_id', 'customer.id')
      .selectAll(first as never)
      .selectAll(second as never)

  describe('with several columns of one name holds the last one, read as its own type', () => {
    const plan = {
      id: 1,
      customer_id: 9007199254740993n,
      code: '0012',
      active: 5,
      ref: '123e4567-e89b-12d3-a456-426655440000',
      due: 'soon',
      took: '01:02:03.4',
      ratio: '0.10',
    }
    const customer = {
      id: 9007199254740993n,
      code: 12n,
      active: false,
      ref: 7n,
      due: new Date('2020-01-02T03:04:05Z'),
      took: '01:02:03.400',
      ratio: 0.1,
    }
    const cases = [
      { first: 'customer', second: 'plan', row: { ...customer, ...plan } },
      { first: 'plan', second: 'customer', row: { ...plan, ...customer } },
    ]
    for (const { first, second, row } of cases) {
      it(`${first} and then ${second}`, async () => {
        assert.deepEqual(await joined(first, second).execute(), [row])
        assert.deepEqual(await all(joined(first, second).stream()), [row])
      })
    }

    it('under equal aliases, in a query as text', async () => {
      const query = sql<AnyRow>`select c.active v, p.code v, c.code w, p.code w, p.ref x, c.ref x
        from customer c join plan p on p.customer_id = c.id`
      assert.deepEqual((await query.execute(db)).rows, [{ v: '0012', w: '0012', x: 7n }])
    })

    it('decoded once: a boolean is not read a second time', async () => {
      const query = sql<AnyRow>`select b.done, a.done from step a join step b on a.id = 1 and b.id = 1`
      assert.deepEqual((await query.execute(db)).rows, [{ done: false }])
    })
  })

  describe('of several statements', () => {
    it('is answered when none of them has rows', async () => {
      await sql`update step set done = 0; update step set done = 1 where id = 1`.execute(db)
      const { rows } = await sql`select id, done from step order by id`.execute(db)
      assert.deepEqual(rows, [
        { id: 1, done: true },
        { id: 2, done: false },
      ])
    })

    it('decodes each by its own columns, whatever stands between', async () => {
      const { rows } = await sql`update step set done = 0; select active v from customer; do 0;
        select code v from customer; select code v, due from plan; update step set done = 0`.execute(db)
      const [, first, , second, third] = rows as unknown[]
      assert.equal(rows.length, 6)
      assert.deepEqual([first, second, third], [[{ v: false }], [{ v: 12n }], [{ v: '0012', due: 'soon' }]])
    })

    it('decodes what a procedure answers', async () => {
      const { rows } = await sql`call report()`.execute(db)
      assert.deepEqual(rows.slice(0, 2), [
        [{ active: false, due: new Date('2020-01-02T03:04:05Z') }],
        [{ active: 5, due: 'soon' }],
      ])
    })

    it('is streamed row by row, each with the columns of its statement', async () => {
      const text =
        sql<AnyRow>`select id, code v from customer; update step set done = 0; select id, code v from plan;
        select id, done v from step order by id`.compile(db)
      const read = await all(db.getExecutor().stream(text, 100))
      const rows = read.flatMap((result) => (result as { rows: AnyRow[] }).rows).filter((row) => 'id' in row)
      assert.deepEqual(rows, [
        { id: 9007199254740993n, v: 12n },
        { id: 1, v: '0012' },
        { id: 1, v: false },
        { id: 2, v: false },
      ])
    })
  })
})

async function all(rows: AsyncIterable<unknown>): Promise<unknown[]> {
  const read: unknown[] = []
  for await (const row of rows) read.push(row)
  return read
}
