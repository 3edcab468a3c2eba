import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import { type Lookups, lookups, numbered } from '../support/lookups.ts'
import { readStatementForms, statementsFor } from '../support/statement-forms.ts'

const [FORM] = await readStatementForms()

describe('statements sent', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...numbered('fixed', 1000), ...numbered('plain', 1000)])
  })
  after(() => data[Symbol.asyncDispose]())

  /** 1,000 calls for 500 distinct ids in 20 requests, all in one tick. */
  function twentyRequests(repos: ReturnType<Lookups['repositories']>, table: string) {
    const requests = Array.from({ length: 20 }, (_, request) => {
      const scope = repos.$forRequest()
      const ids = Array.from({ length: 50 }, (_, index) => ((request * 25 + index) % 500) + 1)
      return { scope, ids }
    })
    return async () => {
      const answers = await Promise.all(
        requests.map(({ scope, ids }) => Promise.all(ids.map((id) => scope.$table(table).findByKey(id)))),
      )
      for (const [index, { ids }] of requests.entries()) {
        assert.deepEqual(
          answers[index]!.map((row) => row?.label),
          ids.map((id) => `row ${id}`),
        )
      }
      assert.equal(new Set(requests.flatMap(({ ids }) => ids)).size, 500)
    }
  }

  for (const [table, again] of [
    ['fixed', 0],
    ['plain', statementsFor(FORM, 500)],
  ] as const) {
    const mode = table === 'fixed' ? "an 'immutable' table" : 'a table remembered per request'
    it(`1,000 keys in 20 concurrent requests take one batch, then none in the same scopes and ${again > 0 ? 'one' : 'none'} in new ones: ${mode}`, async () => {
      const repos = data.repositories({ cache: { fixed: 'immutable' } })
      await repos.$ready()
      const requests = twentyRequests(repos, table)
      assert.equal((await data.counter.during(requests)).Com_select, statementsFor(FORM, 500), 'cold')
      assert.equal((await data.counter.during(requests)).Com_select, 0, 'the same scopes')
      assert.equal((await data.counter.during(twentyRequests(repos, table))).Com_select, again, 'new scopes')
    })
  }

  it('the same prepared statement serves batches of different sizes', async () => {
    await using fresh = await lookups(numbered('plain', 1000))
    const repos = fresh.repositories()
    const read = (size: number) => () =>
      repos.plain!.findByKeys(Array.from({ length: size }, (_, index) => index + 1))
    await repos.$ready()
    const first = await fresh.counter.during(read(10))
    assert.deepEqual([first.Com_stmt_prepare, first.Com_stmt_execute], [1, 1])
    // In the union form one text serves the sizes up to a power of two.
    const size = FORM === 'json_table' ? 900 : 16
    const second = await fresh.counter.during(read(size))
    assert.deepEqual([second.Com_stmt_prepare, second.Com_stmt_execute], [0, 1])
  })

  it('keys asked during a statement are gathered for the next one', async () => {
    const repos = data.repositories()
    await repos.$ready()
    const blocker = data.db.connection()
    const counts = await data.counter.during(() =>
      blocker.execute(async (connection) => {
        await sql`lock tables plain write`.execute(connection)
        const reads = [repos.plain!.findByKey(1)]
        await waiting(1)
        for (let id = 2; id <= 200; id++) {
          reads.push(repos.plain!.findByKey(id))
          await new Promise(setImmediate)
        }
        // A stuck statement does not hold up the others: a second one goes, and no third.
        await waiting(2)
        for (let id = 201; id <= 300; id++) {
          reads.push(repos.plain!.findByKey(id))
          await new Promise(setImmediate)
        }
        await sql`unlock tables`.execute(connection)
        assert.equal((await Promise.all(reads)).filter(Boolean).length, 300)
      }),
    )
    const [fewest, most] = [statementsFor(FORM, 299), statementsFor(FORM, 199) + statementsFor(FORM, 100)]
    const gathered = counts.Com_select - 1
    assert.ok(fewest <= gathered && gathered <= most, `${gathered} statements besides the first`)
  })

  /** Until this many lookups of the table wait on the server. */
  async function waiting(count: number): Promise<void> {
    for (;;) {
      const processes = await data.run('show full processlist')
      const lookups = processes.filter(({ Info, Command }) => /force index/.test(Info) && Command !== 'Sleep')
      if (lookups.length === count) return
    }
  }

  it('a key asked again during its statement is sent again: its row may have changed meanwhile', async () => {
    const repos = data.repositories()
    await repos.$ready()
    const counts = await data.counter.during(async () => {
      const first = repos.plain!.findByKey(7)
      await new Promise(setImmediate)
      assert.notEqual(await repos.plain!.findByKey(7), undefined)
      await first
    })
    assert.equal(counts.Com_select, 2)
  })

  it('more keys than maxBatchSize go in several statements', async () => {
    const repos = data.repositories({ maxBatchSize: 100 })
    await repos.$ready()
    const keys = Array.from({ length: 950 }, (_, index) => index + 1)
    let rows: unknown[] = []
    const counts = await data.counter.during(async () => {
      rows = await repos.plain!.findByKeys(keys)
    })
    assert.equal(counts.Com_select, 10)
    assert.deepEqual(
      rows.map((row) => (row as { id: number }).id),
      keys,
    )
  })

  it('other reads in the process are sent as Kysely sends them', async () => {
    const counts = await data.counter.during(() => data.db.selectFrom('plain').selectAll().limit(1).execute())
    assert.deepEqual([counts.Com_select, counts.Com_stmt_execute], [1, 0])
  })
})
