import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { hasJsonTable } from '../../src/database/server-features.ts'
import { type AnyRow, type Lookups, lookups } from '../support/lookups.ts'

const UNION = { statementForm: 'union_all' } as const

describe("statementForm 'union_all'", () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      `create table item (id int unsigned not null primary key, filled int(7) zerofill, small smallint unsigned,
        large bigint unsigned zerofill, price decimal(8,2) zerofill, ratio float, twice double, year_ year, flag tinyint(1),
        kind enum('small', 'large', 'huge') not null, tags set('b', 'a'), bits bit(9), raw varbinary(4), fixed binary(3),
        doc json, day date, at datetime(3), exact timestamp(6) null, took time(2), code varchar(9) character set latin1,
        key by_kind (kind), key by_year (year_, kind))`,
      `insert into item values
        (1, 42, 7, 42, 1.5, 0.5, 0.1, 2020, 1, 'large', 'b,a', b'101', x'00ff', x'01', '{"a": [1, null]}', '2020-01-02',
          '2020-01-02 03:04:05.678', '2020-01-02 03:04:05.678901', '-01:02:03.4', 'größe'),
        (2, 7, 65535, 7, 0, -1.5, 1e300, 2020, 0, 'small', '', b'0', x'', x'', '"text"', null, null, null, null, ''),
        (3, null, null, null, null, null, null, 2020, null, 'huge', null, null, null, null, null, null, null, null, null, null)`,
      // A list by key is ordered by the primary key, as the column orders it and not as its text.
      `create table ranked (kind enum('small', 'large', 'huge') not null, weight decimal(5,1) not null, label varchar(9) not null,
        primary key (kind, weight), key by_label (label))`,
      `insert into ranked values ('huge', 1, 'x'), ('large', 10, 'x'), ('large', 9.5, 'x'), ('small', 2, 'x'), ('small', -3, 'x')`,
    ])
    await data.track('item', 'ranked')
  })
  after(() => data[Symbol.asyncDispose]())

  it('is the only one where the server has no JSON_TABLE: the other one is refused', async () => {
    for (const cache of [{}, { item: 'versioned' }] as const) {
      const repos = data.repositories({ statementForm: 'json_table', cache })
      const found = repos.item!.findByKey(1)
      if (hasJsonTable(data.test)) {
        assert.equal((await found)?.id, 1)
        continue
      }
      const refusal = { kind: 'option', message: /^statementForm is 'json_table', which mariadb 10\./ }
      await assert.rejects(found, refusal)
      await assert.rejects(repos.$ready(), refusal)
    }
  })

  for (const cache of [{}, { item: 'versioned', ranked: 'versioned' }] as const) {
    const repositories = () => data.repositories({ ...UNION, cache })

    describe(`with ${JSON.stringify(cache)}`, () => {
      it('reads a value of each type as a plain query does', async () => {
        const expected = await data.db.selectFrom('item').selectAll().orderBy('id').execute()
        const found = await repositories().item!.findByKeys([1, 2, 3])
        assert.deepEqual(
          found.map((row) => ({ ...row })),
          expected,
        )
        const listed = await repositories().item!.findAllBy({ year_: 2020 })
        assert.deepEqual(
          listed.map((row) => ({ ...row })),
          expected,
        )
        assert.deepEqual({ ...(await repositories().item!.findByKey(1)) }, expected[0])
      })

      it('lists rows in the order of the primary key, ENUM and DECIMAL included', async () => {
        const { ranked } = repositories()
        const order = ['small -3.0', 'small 2.0', 'large 9.5', 'large 10.0', 'huge 1.0']
        const named = (rows: readonly AnyRow[]) => rows.map(({ kind, weight }) => `${kind} ${weight}`)
        const [some, again] = await Promise.all([
          ranked!.findAllBy({ label: 'x' }),
          ranked!.findAllBy({ label: 'none' }),
        ])
        assert.deepEqual(named(some), order)
        assert.deepEqual(again, [])
        const [large, small] = await Promise.all([
          ranked!.findAllBy({ kind: 'large' }),
          ranked!.findAllBy({ kind: 'small' }),
        ])
        assert.deepEqual(named(large), ['large 9.5', 'large 10.0'])
        assert.deepEqual(named(small), ['small -3.0', 'small 2.0'])
      })

      it('answers each of more keys than a statement holds', async () => {
        const keys = Array.from({ length: 300 }, (_, index) => index - 1)
        const found = await repositories().item!.findByKeys(keys.map((key) => Math.max(0, key)))
        const ids = found.flatMap((row, index) => (row ? [[index, row.id]] : []))
        assert.deepEqual(ids, [
          [2, 1],
          [3, 2],
          [4, 3],
        ])
      })
    })
  }
})
