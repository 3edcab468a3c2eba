import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InvalidKeyError } from '../../src/index.ts'
import { type AnyRepositories, type AnyRow, type Lookups, lookups } from '../support/lookups.ts'
import { systemUnderTest } from '../support/server.ts'

/** Rows that read alike: what is in the table, and what keys find in it, by `id`. */
interface Alike {
  readonly what: string
  readonly options?: { readonly tinyint1?: 'boolean'; readonly zeroDates?: 'null' }
  /** Columns besides `id` and `grp`, with the keys over them. */
  readonly columns: string
  /** The values of each row, in SQL; the first has id 1. */
  readonly rows: readonly string[]
  readonly keys: readonly (readonly [key: unknown, id: number | undefined])[]
  /** Only a server that takes such rows. */
  readonly on?: 'mariadb' | 'mysql'
}

const bin = (charset: string) =>
  `k varchar(4) character set ${charset} collate ${charset}_bin not null primary key`

const ALIKE: readonly Alike[] = [
  {
    what: 'bytes and fractions beside a zero date',
    options: { zeroDates: 'null' },
    columns:
      'b varbinary(3) not null, d datetime not null, ms datetime(3) not null, u int null unique, primary key (b, d, ms)',
    rows: [
      "x'ff', '0000-00-00', '2020-01-01 00:00:00.001', 1",
      "x'fe', '0000-00-00', '2020-01-01 00:00:00.001', 2",
      "x'fe', '0000-00-00', '2020-01-01 00:00:00.002', 3",
      "x'fe', '2020-00-01', '2020-01-01 00:00:00.002', 4",
      "x'fe', '2020-01-01', '2020-01-01 00:00:00.002', 5",
      "x'fd', '2020-01-01', '2020-01-01 00:00:00.002', 6",
    ],
    keys: [
      [{ u: 1 }, 1],
      [{ u: 2 }, 2],
      [{ u: 3 }, 3],
      [{ u: 4 }, 4],
      [
        { b: Buffer.from('fe', 'hex'), d: '2020-01-01 00:00:00', ms: new Date('2020-01-01T00:00:00.002Z') },
        5,
      ],
      [
        { b: Buffer.from('fd', 'hex'), d: '2020-01-01 00:00:00', ms: new Date('2020-01-01T00:00:00.002Z') },
        6,
      ],
    ],
  },
  {
    what: 'a zero DATETIME as the whole primary key',
    options: { zeroDates: 'null' },
    columns: 'd datetime(3) not null primary key, u int null unique',
    rows: [
      "'0000-00-00 00:00:00', 1",
      "'2020-00-00 00:00:00', 2",
      "'2020-02-31 00:00:00', 3",
      "'2020-03-02 00:00:00', 4",
      "'0000-00-00 00:00:01', 5",
    ],
    keys: [
      ...[1, 2, 3, 4, 5].map((u) => [{ u }, u] as const),
      [new Date('2020-03-02T00:00:00Z'), 4],
      ['2020-03-02 00:00:00', 4],
      ['2020-03-01 00:00:00', undefined],
    ],
  },
  {
    what: 'zero dates first, and in all parts',
    options: { zeroDates: 'null' },
    columns:
      'd timestamp not null, e datetime not null, f date not null, u int null unique, primary key (d, e, f)',
    rows: [
      "'0000-00-00 00:00:00', '0000-00-00', '0000-00-00', 1",
      "'0000-00-00 00:00:00', '0000-00-00', '2020-00-00', 2",
      "'0000-00-00 00:00:00', '2020-00-00', '0000-00-00', 3",
      "'2020-01-01 00:00:00', '0000-00-00', '0000-00-00', 4",
      "'2020-01-01 00:00:00', '2020-01-01', '2020-01-01', 5",
    ],
    keys: [
      ...[1, 2, 3, 4, 5].map((u) => [{ u }, u] as const),
      [{ d: '2020-01-01 00:00:00', e: '2020-01-01 00:00:00', f: '2020-01-01' }, 5],
      [{ d: '2020-01-01 00:00:00', e: '2020-01-02 00:00:00', f: '2020-01-01' }, undefined],
    ],
  },
  {
    what: 'TINYINT(1) as booleans',
    options: { tinyint1: 'boolean' },
    columns: 'b tinyint(1) not null primary key',
    rows: ['0', '1', '2', '3', '-1', '-128'],
    keys: [
      [true, 2],
      [2, 3],
      [1, 2],
      [3n, 4],
      [-1, 5],
      [{ b: -128 }, 6],
      [false, 1],
      [{ b: true }, 2],
      [4, undefined],
    ],
  },
  {
    what: 'booleans in a composite primary key and in another unique one',
    options: { tinyint1: 'boolean' },
    columns:
      'a int not null, b tinyint(1) not null, v tinyint(1) null unique, primary key (a, b), unique key (b, v)',
    rows: ['1, 1, 1', '1, 2, 2', '1, 3, 3', '2, 2, null', '2, 0, 0', '1, -2, -2'],
    keys: [
      [{ a: 1, b: 2 }, 2],
      [{ a: 1, b: true }, 1],
      [{ v: 3 }, 3],
      [{ v: true }, 1],
      [{ v: 2 }, 2],
      [{ a: 1, b: 3 }, 3],
      [{ b: 2, v: 2 }, 2],
      [{ b: 1, v: 2 }, undefined],
      [{ a: 2, b: 1 }, undefined],
      [{ v: 0 }, 5],
    ],
  },
  {
    what: 'members of an ENUM and no member',
    columns: "k enum('', 'a', 'b') not null primary key, u int null unique",
    rows: ["'', 1", '0, 2', "'a', 3"],
    keys: [
      ['', 1],
      [{ u: 2 }, 2],
      ['a', 3],
      ['b', undefined],
      [{ k: '' }, 1],
    ],
  },
  {
    what: 'sets with an empty member',
    columns: "s set('', 'a', 'b') not null, n int not null, u int null unique, primary key (n, s)",
    rows: ['0, 1, 1', '1, 1, 2', '2, 1, 3', '3, 1, 4', '0, 2, 5'],
    keys: [
      [{ u: 1 }, 1],
      [{ u: 2 }, 2],
      [{ u: 4 }, 4],
      [{ u: 3 }, 3],
      [{ n: 1, s: '' }, 1],
      [{ n: 1, s: 'a' }, 3],
      [{ n: 2, s: '' }, 5],
    ],
  },
  {
    what: 'texts of cp932 that are one in Unicode',
    columns: bin('cp932'),
    rows: [
      "x'81e6'",
      "x'879a'",
      "x'81ca'",
      "x'fa54'",
      "x'eef9'",
      "x'41'",
      "x'93fa96 7b'".replace(' ', ''),
      "'?'",
    ],
    keys: [
      ['∵', 1],
      ['￢', 3],
      ['A', 6],
      ['日本', 7],
      ['日', undefined],
      ['?', 8],
    ],
  },
  {
    what: 'texts of ujis and eucjpms in a composite key',
    columns: `a varchar(3) character set ujis collate ujis_bin not null, b char(2) character set eucjpms collate eucjpms_bin not null, primary key (a, b)`,
    rows: ["x'5c', x'a1c1'", "x'a1c0', x'a1c1'", "x'5c', x'8fa2b7'", "x'7e', 'b'", "x'8fa2b7', 'b'"],
    keys: [
      [{ a: '~', b: 'b' }, 4],
      [{ a: '~', b: 'c' }, undefined],
    ],
  },
  {
    what: 'texts of sjis in another unique key',
    columns: 'k int not null primary key, s varchar(2) character set sjis collate sjis_bin null unique',
    rows: ["1, x'5c'", "2, x'815f'", "3, 'a'", '4, null'],
    keys: [
      [1, 1],
      [2, 2],
      [{ s: '\\' }, 2],
      [{ s: 'a' }, 3],
    ],
  },
  {
    what: 'texts that have no counterpart in Unicode',
    columns: bin('cp1250'),
    rows: ["'?'", "x'81'", "x'83'", "x'8183'", "'??'", "'a'"],
    keys: [
      ['?', 1],
      ['??', 5],
      ['a', 6],
    ],
  },
  {
    what: 'surrogates of UCS-2',
    columns: bin('ucs2'),
    rows: ["x'd800'", "x'd801'", "x'fffd'", "x'0041'"],
    keys: [
      ['\ufffd', 3],
      ['A', 4],
      ['\ufffd\ufffd\ufffd', undefined],
    ],
  },
  {
    what: 'bytes beyond ASCII',
    on: 'mariadb',
    columns: bin('ascii'),
    rows: ["'?'", "x'80'", "x'ff'", "'FR'"],
    keys: [
      ['FR', 4],
      ['?', 1],
      ['\u0080', undefined],
    ],
  },
  {
    what: 'surrogates of UTF-8',
    on: 'mariadb',
    columns: bin('utf8mb4'),
    rows: ["x'eda080'", "x'eda081'", "x'efbfbd'", "x'efbfbdefbfbdefbfbd'", "'FR'"],
    keys: [
      ['FR', 5],
      ['\ufffd', 3],
      ['\ufffd\ufffd\ufffd', 4],
    ],
  },
]

/** How rows are read. */
interface Way {
  readonly name: string
  repositories(data: Lookups): AnyRepositories
  /** Reads what the process can hold beforehand. */
  readonly preload?: true
}

const mode = (name: 'immutable' | 'versioned', more = {}) => ({ cache: { alike: name }, ...more })

const WAYS: readonly Way[] = [
  { name: 'each for itself', repositories: (data) => data.repositories() },
  { name: 'in a request', repositories: (data) => data.repositories().$forRequest() },
  { name: "as 'immutable'", repositories: (data) => data.repositories(mode('immutable')) },
  {
    name: "as 'immutable', preloaded",
    preload: true,
    repositories: (data) => data.repositories(mode('immutable')),
  },
  { name: "as 'versioned'", repositories: (data) => data.repositories(mode('versioned')) },
  {
    name: "as 'versioned', in a request",
    repositories: (data) => data.repositories(mode('versioned')).$forRequest(),
  },
  {
    name: "as 'expiring'",
    repositories: (data) => data.repositories({ cache: { alike: { mode: 'expiring', maxAge: 60_000 } } }),
  },
  {
    name: 'with room for three rows',
    repositories: (data) =>
      data.repositories({ cache: { alike: { mode: 'versioned', maxRows: 3 } } }).$forRequest(),
  },
  {
    name: 'by union all',
    repositories: (data) => data.repositories({ statementForm: 'union_all' }).$forRequest(),
  },
  {
    name: "by union all as 'versioned'",
    repositories: (data) => data.repositories(mode('versioned', { statementForm: 'union_all' })),
  },
]

describe('rows that look the same when they are read are kept apart', async () => {
  const system = await systemUnderTest()

  for (const { what, options, columns, rows, keys } of ALIKE.filter(({ on = system }) => on === system)) {
    it(what, async () => {
      await using data = await lookups(
        [
          "set sql_mode = 'allow_invalid_dates'",
          `create table alike (id int not null, grp int not null default 1, ${columns}, key by_grp (grp))`,
          ...rows.map((row, index) => `insert into alike values (${index + 1}, 1, ${row})`),
        ],
        options,
      )
      await data.track('alike')
      const ids = rows.map((_, index) => index + 1)
      for (const way of WAYS) {
        const { alike } = way.repositories(data)
        if (way.preload) assert.equal(await alike!.preload(), rows.length)
        // One by one and all together, before the rows were listed and after it.
        for (const again of [false, true]) {
          for (const [key, id] of keys)
            assert.equal((await alike!.findByKey(key))?.id, id, `${way.name}: ${id}`)
          const found = await alike!.findByKeys(keys.map(([key]) => key))
          assert.deepEqual(
            found.map((row) => row?.id),
            keys.map(([, id]) => id),
            way.name,
          )
          const list = await alike!.findAllBy({ grp: 1 })
          assert.deepEqual(idsOf(list), ids, way.name)
          const byId = new Map(list.map((row) => [row.id, row]))
          for (const row of found) if (row) assert.deepEqual({ ...byId.get(row.id) }, { ...row }, way.name)
          if (way.name.includes('request') || again) expectSameObjects(found, list, way)
        }
      }
      const all = await data.repositories(mode('versioned')).alike!.all()
      assert.deepEqual(idsOf(all), ids)
    })
  }
})

describe('a row that looks like others is primed', () => {
  const statements = [
    `create table flag (b tinyint(1) not null primary key, label varchar(9) not null unique)`,
    "insert into flag values (0, 'no'), (1, 'yes'), (2, 'maybe')",
  ]

  it('if a repository returned it', async () => {
    await using data = await lookups(statements, { tinyint1: 'boolean' })
    const { flag } = data.repositories()
    const [yes, maybe] = await flag!.findByKeys([1, 2])
    const request = data.repositories().$forRequest()
    const other = data.repositories()
    const counts = await data.counter.during(async () => {
      assert.throws(() => other.flag!.prime(maybe!), InvalidKeyError)
      for (const row of [yes, maybe]) assert.throws(() => request.flag!.prime({ ...row! }), InvalidKeyError)
    })
    assert.equal(counts.Com_select, 0)
    const again = data.repositories()
    await again.$request(async () => {
      const [one, two] = await again.flag!.findByKeys([1, 2])
      again.flag!.clear()
      again.flag!.prime(two!)
      again.flag!.prime(one!)
      assert.equal(await again.flag!.findByKey({ label: 'maybe' }), two)
      assert.equal(await again.flag!.findByKey(2), two)
      assert.equal(await again.flag!.findByKey(true), one)
      assert.deepEqual({ ...two }, { b: true, label: 'maybe' })
    })
  })

  it('if its values distinguish it from all others', async () => {
    await using data = await lookups(statements, { tinyint1: 'boolean' })
    const repos = data.repositories()
    const [no] = await data.db.selectFrom('flag').selectAll().where('label', '=', 'no').execute()
    await repos.$request(async () => {
      repos.flag!.prime(no!)
      const counts = await data.counter.during(async () => {
        assert.deepEqual(await repos.flag!.findByKey(false), no)
      })
      assert.equal(counts.Com_select, 0)
    })
  })
})

function idsOf(rows: readonly AnyRow[]): number[] {
  return rows.map(({ id }) => id as number).sort((a, b) => a - b)
}

/** One row is one object where it is remembered. */
function expectSameObjects(
  found: readonly (AnyRow | undefined)[],
  list: readonly AnyRow[],
  { name }: Way,
): void {
  // A row of an expiring table is another object when it has been read again.
  if (['each for itself', "by union all as 'versioned'", "as 'expiring'"].includes(name)) return
  for (const row of found)
    if (row)
      assert.equal(
        row,
        list.find(({ id }) => id === row.id),
        name,
      )
}
