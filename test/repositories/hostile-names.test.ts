import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Lookups, lookups } from '../support/lookups.ts'

const NAMES = [
  'constructor',
  '__proto__',
  'then',
  'toJSON',
  'hasOwnProperty',
  'select',
  '$request',
  '$ready',
  'größe',
  'with-dash',
  'with space',
  "quote'd",
  'tick`ed',
  'o',
  'k',
  't',
  'c0',
  'dot.ted',
  'one as two',
]

const quote = (name: string) => `\`${name.replaceAll('`', '``')}\``

describe('tables and columns of any name', () => {
  let data: Lookups

  before(async () => {
    data = await lookups(
      NAMES.flatMap((name) => [
        `create table ${quote(name)} (${quote(name)} int not null primary key,
          code varchar(20) character set ascii collate ascii_bin not null, unique key ${quote(name)} (code))`,
        `insert into ${quote(name)} values (1, 'one'), (2, 'two')`,
      ]),
    )
  })
  after(() => data[Symbol.asyncDispose]())

  for (const name of NAMES) {
    it(`${name}: rows are found by key, cached or not, and hold the column`, async () => {
      for (const cache of [{}, Object.fromEntries([[name, 'immutable' as const]])]) {
        const repos = data.repositories({ cache })
        await repos.$request(async () => {
          const row = await repos.$table(name).findByKey(1)
          assert.ok(row)
          assert.deepEqual(Object.entries(row), [
            [name, 1],
            ['code', 'one'],
          ])
          assert.equal(await repos.$table(name).findByKey({ code: 'one' }), row)
          assert.equal(await repos.$table(name).findByKey(Object.fromEntries([[name, 1]])), row)
          assert.equal(Object.getPrototypeOf(row), Object.prototype)
        })
        if (!name.startsWith('$')) assert.equal(repos[name], repos.$table(name))
      }
    })
  }

  for (const name of NAMES) {
    it(`${name}: rows are written by key, and nothing else is`, async () => {
      const repos = data.repositories()
      const table = repos.$table(name)
      assert.equal(await table.insert({ [name]: 3, code: 'three' } as never), 1)
      assert.equal(await table.update(3, { code: 'third' } as never), 1)
      assert.equal(await repos.$transaction((trx) => trx.$table(name).delete({ code: 'two' })), 1)
      const rows = await data.run(`select code from ${quote(name)} order by 1`)
      assert.deepEqual(
        rows.map(({ code }) => code),
        ['one', 'third'],
      )
    })
  }

  it('a set of repositories can be awaited, printed and written as JSON', async () => {
    const repos = data.repositories()
    assert.equal(await Promise.resolve(repos), repos)
    assert.equal(typeof JSON.stringify(repos), 'string')
    assert.equal(typeof repos.$request, 'function')
    assert.deepEqual(Object.keys(repos.$stats()).sort(), [...NAMES].sort())
  })
})
