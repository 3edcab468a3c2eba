import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { InvalidKeyError, type TablesMetadata } from '../../src/index.ts'
import { lookups, metadataOf } from '../support/lookups.ts'

const pair = (type: string) => [
  `create table target (id int not null primary key, v ${type}, unique key target_v (v))`,
  `create table referring (id int not null primary key, v ${type}, foreign key (v) references target (v))`,
]

/** The foreign keys as they are generated where nothing is ambiguous, in files of older versions too. */
const key = { v: { columns: ['v'], targetTable: 'target', targetColumns: ['v'] } }
const withKey = (tables: TablesMetadata): TablesMetadata => ({
  ...tables,
  referring: { ...tables.referring!, foreignKeys: key },
})

const refused = (error: unknown) =>
  error instanceof InvalidKeyError && /column v: .* several rows/.test(error.message)

describe('findReferenced of a value that may be read for another one', () => {
  it('is refused for a boolean that stands for several numbers, and follows the others', async () => {
    await using data = await lookups(
      [
        ...pair('tinyint(1)'),
        'insert into target values (10, 0), (11, 1), (12, 2)',
        'insert into referring values (20, 0), (21, 1), (22, 2), (23, null)',
      ],
      { tinyint1: 'boolean' },
    )
    assert.equal(data.tables.referring?.foreignKeys, undefined)
    const { referring } = data.repositories({ tables: withKey(data.tables) })
    const [none, one, two, unknown] = await referring!.findByKeys([20, 21, 22, 23])
    assert.equal((await referring!.findReferenced(none!, 'v'))?.id, 10)
    await assert.rejects(referring!.findReferenced(one!, 'v'), refused)
    await assert.rejects(referring!.findReferencedOrThrow(two!, 'v'), refused)
    assert.equal(await referring!.findReferenced(unknown!, 'v'), undefined)
  })

  it('is refused for a null that may be a zero date', async () => {
    const options = { zeroDates: 'null' } as const
    await using data = await lookups(
      [
        "set sql_mode = ''",
        ...pair('datetime'),
        "insert into target values (10, 0), (11, '2020-01-02 03:04:05')",
        "insert into referring values (20, 0), (21, '2020-01-02 03:04:05')",
      ],
      options,
    )
    assert.equal(data.tables.referring?.foreignKeys, undefined)
    assert.deepEqual((await metadataOf(data.db)).referring?.foreignKeys, key)
    const { referring } = data.repositories({ tables: withKey(data.tables) })
    const [zero, date] = await referring!.findByKeys([20, 21])
    await assert.rejects(referring!.findReferenced(zero!, 'v'), refused)
    assert.equal((await referring!.findReferenced(date!, 'v'))?.id, 11)
  })

  for (const [charset, ...twins] of [
    ['cp932', '81E0', '8790'],
    ['cp932', '81E6', '879A'],
    ['eucjpms', 'A2E2', 'ADF0'],
  ] as const) {
    it(`is refused for texts of ${charset} that are one text in Unicode: ${twins.join(' and ')}`, async () => {
      const values = twins.map((hex, at) => `(${10 + at}, _${charset} x'${hex}')`)
      await using data = await lookups([
        ...pair(`varchar(9) character set ${charset} collate ${charset}_bin`),
        `insert into target values ${values.join(', ')}, (19, 'A7')`,
        `insert into referring values ${values.join(', ')}, (19, 'A7')`,
      ])
      const { referring } = data.repositories()
      const rows = await referring!.findByKeys([10, 11])
      assert.equal(rows[0]?.v, rows[1]?.v)
      for (const row of rows) await assert.rejects(referring!.findReferenced(row!, 'v'), refused)
      const other = await referring!.findByKeyOrThrow(19)
      assert.equal((await referring!.findReferenced(other, 'v'))?.id, 19)
    })
  }

  it('follows question marks, and members of an ENUM by their position', async () => {
    for (const [type, first] of [
      ['varchar(9) character set utf8mb4 collate utf8mb4_bin', '?'],
      ['varchar(9) character set latin1 collate latin1_bin', '?'],
      ["enum('x', 'é', '1', '')", 'x'],
    ] as const) {
      await using data = await lookups([
        ...pair(type),
        `insert into target values (10, '${first}'), (11, 'é'), (12, '1')`,
        `insert into referring values (20, '${first}'), (21, 'é'), (22, '1')`,
      ])
      const { referring } = data.repositories()
      for (const id of [20, 21, 22]) {
        const row = await referring!.findByKeyOrThrow(id)
        assert.equal((await referring!.findReferenced(row, 'v'))?.id, id - 10, `${type} ${id}`)
      }
    }
  })
})
