import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import { keyColumn } from '../../src/columns/column-types.ts'
import { lookups } from '../support/lookups.ts'
import { runStatements, testServerUrl } from '../support/server.ts'

/** DIFFERENTIAL_COLLATIONS=all: every sequence of two bytes; else some of them. */
const STEP = process.env.DIFFERENTIAL_COLLATIONS === 'all' ? 1 : 29

/** Each byte, and sequences of two: an odd step meets every lead and every trail. */
const SEQUENCES = [
  ...Array.from({ length: 256 }, (_, byte) => Buffer.of(byte)),
  ...Array.from({ length: Math.floor(65_536 / STEP) }, (_, at) =>
    Buffer.of((at * STEP) >> 8, (at * STEP) & 255),
  ),
  // Twins of cp932, sjis, ujis and eucjpms; surrogates of UTF-8.
  ...['81e6', '879a', '815f', 'a1c0', '8fa2b7', 'a1c1', 'eda080', 'edb080'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
]

/** How many keys are compared with the server's own `=`. */
const COMPARED = 150

describe('each row of each charset is found by its own key alone', async () => {
  const charsets = (
    await runStatements(
      await testServerUrl(),
      "select character_set_name name from information_schema.character_sets where character_set_name <> 'binary' order by 1",
    )
  ).map(({ name }) => String(name))

  for (const charset of charsets) {
    it(charset, async (t) => {
      await using data = await lookups([
        "set sql_mode = ''",
        'create table bytes (b varbinary(3) not null primary key)',
        `insert ignore into bytes values ${SEQUENCES.map((one) => `(x'${one.toString('hex')}')`).join()}`,
        `create table text (id int not null unique auto_increment, grp int not null default 1,
          k varchar(3) character set ${charset} collate ${charset}_bin not null primary key, key by_grp (grp))`,
        'insert ignore into text (k) select b from bytes order by b',
        'drop table bytes',
      ])
      await data.track('text')
      const { text } = data.repositories({ cache: { text: 'versioned' } })
      const all = await text!.all()
      const rows = await data.run('select id, hex(k) bytes from text')
      assert.deepEqual(new Set(all.map(({ id }) => id)), new Set(rows.map(({ id }) => id)))

      // No two rows are one in a request either, and each is the same object by its other key.
      const request = data.repositories().$forRequest()
      const list = await request.text!.findAllBy({ grp: 1 })
      const sample = list.filter((_, index) => index % Math.ceil(list.length / COMPARED) === 0)
      assert.equal(new Set(list).size, rows.length)
      assert.deepEqual(await request.text!.findByKeys(sample.map(({ id }) => ({ id }))), sample)

      // A text finds the row that it finds alone, whether the cache holds the row already or not.
      const alike = Map.groupBy(list, ({ k }) => k as string)
      const twins = [...alike].filter(([, group]) => group.length > 1)
      const keys = [...sample, ...twins.slice(0, COMPARED).map(([, [row]]) => row!)].map(
        ({ k }) => k as string,
      )
      const expected = await alone(data.test.url, keys)
      for (const repository of [text!, request.text!, data.repositories().text!]) {
        const found = await repository.findByKeys(keys)
        assert.deepEqual(
          found.map((row) => row?.id),
          expected,
        )
      }

      const column = { name: 'k', type: 'varchar', charset, collation: `${charset}_bin` }
      const { ambiguity } = keyColumn('text', column)
      const unnoticed = twins.filter(([key]) => !ambiguity!.isAmbiguous(key))
      assert.deepEqual(unnoticed, [], 'texts of several rows')
      t.diagnostic(`${rows.length} rows, ${twins.length} texts of several`)
    })
  }
})

/** The id of the row that each key finds by a statement of its own. */
async function alone(url: string, keys: readonly string[]): Promise<(number | undefined)[]> {
  const connection = await createConnection({ uri: url, charset: 'utf8mb4' })
  try {
    const ids: (number | undefined)[] = []
    for (const key of keys) {
      const [rows] = await connection.query('select id from text where k = ?', [key])
      const found = rows as { id: number }[]
      assert.ok(found.length <= 1)
      ids.push(found[0]?.id)
    }
    return ids
  } finally {
    await connection.end()
  }
}
