import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { CamelCasePlugin } from 'kysely'
import { createDatabase, createRepositories, InvalidKeyError, LookupError } from '../../src/index.ts'
import { type AnyDB, type AnyRepository, type Lookups, lookups } from '../support/lookups.ts'

/** A table whose keys of some type are written by. */
interface Case {
  readonly what: string
  /** The key's columns, with the keys over them. */
  readonly columns: string
  /** The values of each row, in SQL; the first has id 1. */
  readonly rows: readonly string[]
  /** The id of the row that a key finds, and so writes. */
  readonly keys: readonly (readonly [key: unknown, id: number | undefined])[]
}

const CASES: readonly Case[] = [
  {
    what: 'TINYINT(1) as booleans',
    columns: 'k tinyint(1) not null primary key',
    rows: ['0', '1', '2', '3', '-1'],
    keys: [
      [true, 2],
      [false, 1],
      [2, 3],
      [{ k: 3n }, 4],
      [-1, 5],
      [4, undefined],
      [128, undefined],
    ],
  },
  {
    what: 'booleans in composite keys',
    columns:
      'a int not null, k tinyint(1) not null, b tinyint(1) null, primary key (a, k), unique key by_b (b, a)',
    rows: ['1, 1, 1', '1, 2, 2', '1, 3, 3', '2, 1, null', '2, 2, 1'],
    keys: [
      [{ a: 1, k: true }, 1],
      [{ k: 2, a: 1 }, 2],
      [{ a: 1, b: true }, 1],
      [{ a: 2, b: true }, 5],
      [{ a: 1, b: 3 }, 3],
      [{ a: 2, k: false }, undefined],
    ],
  },
  {
    what: 'BIT',
    columns: 'k bit(9) not null primary key, o bit(1) null unique',
    rows: ["b'100000001', b'0'", "b'1', b'1'", "b'110001', null", "b'110000', null"],
    keys: [
      [Buffer.from([1, 1]), 1],
      [257, 1],
      [Buffer.from([1]), 2],
      [Buffer.from('1'), 3],
      [48n, 4],
      [{ o: true }, 2],
      [{ o: Buffer.from([0]) }, 1],
      [Buffer.from([0, 2]), undefined],
    ],
  },
  {
    what: 'texts of other charsets',
    columns:
      'k char(2) character set ascii collate ascii_general_ci not null primary key, l varchar(4) character set latin1 collate latin1_swedish_ci null unique, j varchar(4) character set cp932 collate cp932_bin null unique',
    rows: ["'?', 'é', x'81e6'", "'FR', '?', x'879a'", "'DE', 'ß', '?'"],
    keys: [
      ['fr', 2],
      ['FR   ', 2],
      ['é', undefined],
      ['?', 1],
      [{ l: 'É' }, 1],
      [{ l: '😀' }, undefined],
      [{ l: '?' }, 2],
      [{ j: '∵' }, 1],
      [{ j: '😀' }, undefined],
      [{ j: '?' }, 3],
    ],
  },
  {
    what: 'numbers',
    columns:
      'k decimal(20,3) not null primary key, u bigint unsigned null unique, y year null unique, s smallint null unique',
    rows: [
      '9007199254740993, 18446744073709551615, 2024, 32767',
      '9007199254740992, 18446744073709551614, 1970, -32768',
      '0.5, 0, 0, 0',
    ],
    keys: [
      ['9007199254740993', 1],
      ['9007199254740992.000', 2],
      [0.5, 3],
      [{ u: 2n ** 64n - 1n }, 1],
      [{ u: 2n ** 64n }, undefined],
      [{ u: -1 }, undefined],
      [{ y: 1970 }, 2],
      [{ s: 32768 }, undefined],
      [{ s: -32768 }, 2],
    ],
  },
  {
    what: 'moments and bytes',
    columns:
      'k datetime(3) not null primary key, t time(1) null unique, d date null unique, v varbinary(3) null unique, b binary(3) null unique',
    rows: [
      "'2024-02-29 12:34:56.500', '-01:02:03.5', '2024-02-29', x'6100', x'610000'",
      "'2024-02-29 12:34:56.501', '01:02:03.5', '2024-02-28', x'61', x'610001'",
    ],
    keys: [
      [new Date('2024-02-29T12:34:56.500Z'), 1],
      ['2024-02-29 12:34:56.501', 2],
      ['2024-02-29 12:34:56.5005', undefined],
      [{ t: '-01:02:03.5' }, 1],
      [{ d: '2024-02-28' }, 2],
      [{ v: Buffer.from('a') }, 2],
      [{ v: Buffer.from('a\0\0\0') }, undefined],
      [{ b: Buffer.from('a\0\x01') }, 2],
      [{ b: Buffer.from('a') }, undefined],
    ],
  },
  {
    what: 'times beyond the last one',
    columns: 'k time(6) not null primary key, t time(1) null unique',
    rows: ["'838:59:59', '-838:59:59'", "'-838:59:59', '838:59:59'"],
    keys: [
      ['838:59:59.000001', undefined],
      ['838:59:59.000000', 1],
      ['-838:59:59.5', undefined],
      [{ t: '838:59:59.9' }, undefined],
      [{ t: '838:59:59' }, 2],
    ],
  },
  {
    what: 'ENUM and SET',
    columns: "k enum('', '2', 'b') not null primary key, s set('x', 'y', '1') null unique",
    rows: ["'', 'x'", "0, 'x,y'", "'2', '1'", "'b', ''"],
    keys: [
      ['', 1],
      ['2', 3],
      ['B', 4],
      ['1', undefined],
      [{ s: 'x,y' }, 2],
      [{ s: '1' }, 3],
      [{ s: '' }, 4],
      [{ s: 'y' }, undefined],
    ],
  },
]

describe('a write by key', () => {
  for (const { what, columns, rows, keys } of CASES) {
    it(`finds the row that a read finds, and no other: ${what}`, async () => {
      await using data = await lookups(
        [
          "set sql_mode = ''",
          `create table item (id int not null unique, mark int null, ${columns})`,
          ...rows.map((row, index) => `insert into item values (${index + 1}, null, ${row})`),
        ],
        { tinyint1: 'boolean', bigint: 'bigint' },
      )
      const repos = data.repositories()
      for (const [step, [key, id]] of keys.entries()) {
        assert.equal((await repos.item!.findByKey(key))?.id, id)
        const found = id === undefined ? [] : [{ id }]
        const marked = async (item: AnyRepository, mark: number) => {
          assert.equal(await item.update(key, { mark }), found.length)
          return data.db.selectFrom('item').select('id').where('mark', '=', mark)
        }
        assert.deepEqual(await (await marked(repos.item!, 2 * step)).execute(), found, `update ${step}`)
        await repos.$transaction(async (trx) => {
          await marked(trx.item!, 2 * step + 1)
          const inside = trx.$db
            .selectFrom('item')
            .select('id')
            .where('mark', '=', 2 * step + 1)
          assert.deepEqual(await inside.execute(), found, `update ${step} in a transaction`)
        })
        const failure = new Error('undo')
        await assert.rejects(
          repos.$transaction(async (trx) => {
            assert.equal(await trx.item!.delete(key), found.length)
            const left = await trx.$db.selectFrom('item').select('id').orderBy('id').execute()
            const expected = rows.map((_, index) => index + 1).filter((one) => one !== id)
            assert.deepEqual(
              left.map((row) => row.id),
              expected,
              `delete ${step}`,
            )
            throw failure
          }),
          failure,
        )
      }
      // What was found is gone once it is deleted, one by one.
      const expected = new Set(rows.map((_, index) => index + 1))
      for (const [key, id] of keys) {
        const there = id !== undefined && expected.delete(id)
        assert.equal(await repos.item!.delete(key), there ? 1 : 0)
        const left = await data.db.selectFrom('item').select('id').orderBy('id').execute()
        assert.deepEqual(
          left.map((row) => row.id),
          [...expected],
        )
      }
    })
  }

  describe('whose key is not unique any more', () => {
    let data: Lookups

    before(async () => {
      data = await lookups([
        'create table price (country char(2) not null, plan int not null, amount int not null, label varchar(9) not null, primary key (country, plan), unique key by_label (label))',
        'create table note (id int not null primary key, text varchar(20) not null)',
      ])
    })
    after(() => data[Symbol.asyncDispose]())
    beforeEach(() =>
      data.run(
        'drop table price',
        'create table price (country char(2) not null, plan int not null, amount int not null, label varchar(9) not null, primary key (country, plan), unique key by_label (label))',
        "insert into price values ('FR', 1, 10, 'a'), ('FR', 2, 20, 'b'), ('DE', 1, 30, 'c')",
        'delete from note',
      ),
    )

    const WIDENED = [
      'alter table price drop primary key, add primary key (country, plan, amount), drop key by_label, add key by_label (label)',
      "insert into price values ('FR', 1, 11, 'b')",
    ]
    const rowsOf = async () =>
      (await data.run('select * from price order by country, plan, amount')).map((row) => ({ ...row }))

    it('changes nothing', async () => {
      const repos = data.repositories()
      assert.equal(await repos.price!.update({ label: 'a' }, { amount: 10 }), 1)
      await data.run(...WIDENED)
      const before = await rowsOf()
      for (const key of [{ country: 'FR', plan: 1 }, { label: 'b' }]) {
        for (const write of [
          () => repos.price!.update(key, { label: 'z' }),
          () => repos.price!.delete(key),
        ]) {
          await assert.rejects(write(), (error) => {
            assert.ok(error instanceof LookupError)
            assert.match(
              error.message,
              /^price: the key of a write has 2 rows, and none of them was changed\./,
            )
            return true
          })
          assert.deepEqual(await rowsOf(), before)
        }
      }
      assert.equal(await repos.price!.delete({ label: 'c' }), 1)
    })

    it('changes nothing in a transaction that goes on, and keeps what the transaction did besides', async () => {
      const repos = data.repositories()
      await repos.$ready()
      await data.run(...WIDENED)
      const before = await rowsOf()
      await repos.$transaction(async (trx) => {
        await trx.note!.insert({ id: 1, text: 'before' })
        await assert.rejects(trx.price!.delete({ country: 'FR', plan: 1 }), LookupError)
        await assert.rejects(trx.price!.update({ label: 'b' }, { label: 'z' }), LookupError)
        await trx.note!.update(1, { text: 'after' })
      })
      assert.deepEqual(await rowsOf(), before)
      assert.equal((await repos.note!.findByKey(1))?.text, 'after')
    })
  })

  it('goes through the plugins of the Kysely instance, in transactions and outside', async () => {
    await using data = await lookups([
      'create table price_of_plan (plan_id int not null primary key, is_open tinyint(1) not null unique, net_amount int null)',
      'insert into price_of_plan values (1, 1, 10), (2, 2, 20), (3, 0, 30)',
    ])
    const db = createDatabase<AnyDB>({
      uri: data.test.url,
      tinyint1: 'boolean',
      plugins: [new CamelCasePlugin()],
    })
    const tables = {
      priceOfPlan: {
        name: 'price_of_plan',
        columns: [
          { name: 'planId', columnName: 'plan_id', type: 'int' },
          { name: 'isOpen', columnName: 'is_open', type: 'tinyint', length: 1, as: 'boolean' },
          { name: 'netAmount', columnName: 'net_amount', type: 'int', nullable: true },
        ],
        primaryKey: ['planId'],
        uniqueKeys: [{ name: 'is_open', columns: ['isOpen'] }],
        indexes: [],
      },
    } as const
    const repos = createRepositories({ db, tables })
    const priceOfPlan = repos.priceOfPlan as unknown as AnyRepository
    assert.equal(await priceOfPlan.update({ isOpen: 2 }, { netAmount: 21 }), 1)
    assert.equal(await priceOfPlan.update({ isOpen: true }, { netAmount: 11, isOpen: undefined }), 1)
    await repos.$transaction(async (trx) => {
      const inside = trx.priceOfPlan as unknown as AnyRepository
      assert.equal(await inside.update(3, { netAmount: 31 }), 1)
      assert.equal(await inside.delete({ planId: 1 }), 1)
    })
    const rows = await data.run('select plan_id, net_amount from price_of_plan order by 1')
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [
        { plan_id: 2, net_amount: 21 },
        { plan_id: 3, net_amount: 31 },
      ],
    )
    await db.destroy()
  })

  it('needs a key and a change', async () => {
    await using data = await lookups([
      'create table item (id int not null primary key, code varchar(9) null unique, n int null)',
      "insert into item values (1, 'a', 1), (2, null, 2)",
    ])
    const { item } = data.repositories()
    for (const none of [null, undefined, { id: null }, { code: null }, { code: undefined }]) {
      await assert.rejects(item!.update(none, { n: 5 }), InvalidKeyError)
      await assert.rejects(item!.delete(none), InvalidKeyError)
    }
    for (const nothing of [{}, { n: undefined }, { n: undefined, code: undefined }, undefined, null]) {
      await assert.rejects(item!.update(1, nothing as never), (error) => {
        assert.ok(error instanceof InvalidKeyError)
        assert.match(error.message, /expected at least one column to change/)
        return true
      })
    }
    assert.equal(await item!.update(1, { n: 7, code: undefined }), 1)
    assert.deepEqual({ ...(await item!.findByKey(1)) }, { id: 1, code: 'a', n: 7 })
    assert.equal(await item!.update(2, { n: null }), 1)
    assert.equal((await item!.findByKey(2))?.n, null)
  })
})
