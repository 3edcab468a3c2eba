import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Lookups, lookups, numbered } from '../support/lookups.ts'
import { readStatementForms, statementsFor } from '../support/statement-forms.ts'

describe('large batches', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      ...numbered('item', 1000),
      'create table text (name varchar(300) character set utf8mb4 collate utf8mb4_bin not null primary key)',
      `insert into text select repeat('é', id % 280) from item where id < 280`,
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  it('100,000 keys in one tick are answered, in batches of at most 5,000 keys', async () => {
    const repos = data.repositories({ timeout: 600_000 })
    await repos.$ready()
    const keys = Array.from({ length: 100_000 }, (_, index) => index + 1)
    let rows: unknown[] = []
    const counts = await data.counter.during(async () => {
      rows = await repos.$forRequest().item!.findByKeys(keys)
    })
    const [form] = await readStatementForms()
    assert.equal(counts.Com_select, 20 * statementsFor(form, 5_000))
    assert.equal(rows.length, 100_000)
    assert.equal(rows.filter(Boolean).length, 1000)
    assert.deepEqual(rows.at(999), { id: 1000, label: 'row 1000' })
  })

  it('keys too long for one packet go in several statements', async () => {
    const repos = data.repositories({ timeout: 600_000 })
    await repos.$ready()
    const rows = await data.run("show variables like 'max_allowed_packet'")
    const packet = Number(rows[0]!.Value)
    // Trailing spaces count for nothing in the comparison, and fully in the packet.
    const size = 7000
    const count = Math.ceil((packet * 1.2) / size)
    const keys = Array.from({ length: count }, (_, index) => `é${' '.repeat(size - 10)}${index}`)
    const counts = await data.counter.during(async () => {
      const found = await repos.text!.findByKeys(['éé', ...keys])
      assert.equal(found[0]?.name, 'éé')
      assert.equal(found.filter(Boolean).length, 1)
    })
    assert.ok(counts.Com_select >= 2, `${counts.Com_select} statements`)
  })
})
