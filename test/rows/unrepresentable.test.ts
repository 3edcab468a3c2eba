import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { UnrepresentableValueError } from '../../src/index.ts'
import { type Lookups, lookups } from '../support/lookups.ts'

describe('a value that JavaScript cannot hold', () => {
  let data: Lookups

  before(async () => {
    // Named so that the statement's own c0, c1, … are other columns of the table.
    data = await lookups([
      "set sql_mode = ''",
      `create table area (c2 int not null primary key, c1 varchar(9) not null, c0 bigint not null, c3 datetime,
        key by_name (c1))`,
      "insert into area values (1, 'large', 9007199254740993, null), (2, 'never', 1, '2020-00-01'), (3, 'fine', 1, null)",
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  const names = (column: string) => (error: unknown) => {
    assert.ok(error instanceof UnrepresentableValueError, String(error))
    assert.equal(error.column, column)
    assert.ok(error.message.startsWith(`column ${column}: holds a`), error.message)
    return true
  }

  for (const options of [{}, { statementForm: 'union_all' }] as const) {
    it(`is reported with its own column, however it was asked for: ${JSON.stringify(options)}`, async () => {
      const { area } = data.repositories(options)
      await assert.rejects(area!.findByKey(1), names('area.c0'))
      await assert.rejects(area!.findByKey(2), names('area.c3'))
      await assert.rejects(area!.findAllBy({ c1: 'large' }), names('area.c0'))
      const [large, never, fine] = await Promise.allSettled([1, 2, 3].map((id) => area!.findByKey(id)))
      assert.ok(large?.status === 'rejected' && names('area.c0')(large.reason))
      assert.ok(never?.status === 'rejected' && names('area.c3')(never.reason))
      assert.equal(fine?.status, 'fulfilled')
      const cached = data.repositories({ ...options, cache: { area: 'immutable' } })
      await assert.rejects(cached.area!.preload(), names('area.c0'))
    })
  }

  it('is reported with its own column and its alias in plain queries, streams and expressions', async () => {
    const { db } = data
    await assert.rejects(db.selectFrom('area').selectAll().execute(), names('area.c0'))
    const aliased = db.selectFrom('area').select('c0 as c2').where('c2', '=', 1)
    await assert.rejects(aliased.execute(), names('area.c0 (selected as c2)'))
    const streamed = (async () => {
      for await (const row of aliased.stream()) assert.fail(JSON.stringify(row))
    })()
    await assert.rejects(streamed, names('area.c0 (selected as c2)'))
    await assert.rejects(
      sql`select a.c3 from area a where c2 = 2 union all select null`.execute(db),
      names('c3'),
    )
    await assert.rejects(sql`select c0 + 0 as large from area`.execute(db), names('large'))
  })
})
