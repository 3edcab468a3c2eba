import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { sql } from 'kysely'
import {
  type AnyRepositories,
  type AnyRow,
  COUNTRIES,
  type Lookups,
  lookups,
  numbered,
} from '../support/lookups.ts'

const SEATS = [
  `create table seat (
    hall int not null, code varchar(8) character set ascii collate ascii_bin not null, label varchar(20) not null,
    primary key (hall, code)
  )`,
  "insert into seat values (1, 'A', 'first'), (1, 'B', 'second'), (2, 'A', 'third')",
]

type Answer = Promise<AnyRow | undefined>

/** Asks in as many requests as there are works, all in one turn of the event loop. */
function inRequests(repos: AnyRepositories, ...works: readonly (() => Answer)[]): Answer[] {
  return works.map((work) => repos.$request(work))
}

describe('requests that want the same row of an immutable table in one turn', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([...COUNTRIES, ...numbered('item', 100), ...SEATS])
  })
  after(() => data[Symbol.asyncDispose]())

  const immutable = (maxRows = 100) =>
    data.repositories({
      cache: {
        country: { mode: 'immutable', maxRows },
        item: { mode: 'immutable', maxRows },
        seat: { mode: 'immutable', maxRows },
      },
    })

  /** Does the work while no statement can read the table. */
  async function whileLocked(table: string, work: () => Promise<void>): Promise<void> {
    await data.db.connection().execute(async (connection) => {
      await sql`lock tables ${sql.table(table)} write`.execute(connection)
      try {
        await work()
      } finally {
        await sql`unlock tables`.execute(connection)
      }
    })
  }

  /** Until so many lookups wait on the server. */
  async function waiting(count: number): Promise<void> {
    for (;;) {
      const processes = await data.run('show full processlist')
      const sent = processes.filter(({ Info, Command }) => /force index/.test(Info) && Command !== 'Sleep')
      if (sent.length === count) return
    }
  }

  const cases: Record<string, { table: string; keys: readonly unknown[]; absent: unknown }> = {
    'a number': { table: 'item', keys: [7, 7, 7], absent: 999 },
    'a text, alone or as a column': { table: 'country', keys: ['FR', { code: 'FR' }, 'FR'], absent: 'XX' },
    'two columns, in any order': {
      table: 'seat',
      keys: [
        { hall: 1, code: 'A' },
        { code: 'A', hall: 1 },
        { hall: 1, code: 'A' },
      ],
      absent: { hall: 9, code: 'A' },
    },
  }
  for (const [name, { table, keys, absent }] of Object.entries(cases)) {
    it(`get one object and send one key: ${name}`, async () => {
      const repos = immutable()
      await repos.$ready()
      const counts = await data.counter.during(async () => {
        const rows = await Promise.all(
          inRequests(repos, ...keys.map((key) => () => repos[table]!.findByKey(key))),
        )
        assert.ok(rows[0])
        assert.ok(rows.every((row) => row === rows[0]))
      })
      assert.equal(counts.Com_select, 1)
      const { keysSent, misses, hits, scopeHits } = repos.$stats()[table]!
      assert.deepEqual(
        { keysSent, misses, hits, scopeHits },
        { keysSent: 1, misses: 3, hits: 0, scopeHits: 0 },
      )
    })

    it(`keep seeing an absence: ${name}`, async () => {
      const repos = immutable()
      await repos.$ready()
      const scopes = keys.map(() => repos.$forRequest())
      const read = () => Promise.all(scopes.map((scope) => scope[table]!.findByKey(absent)))
      assert.deepEqual(await read(), [undefined, undefined, undefined])
      const counts = await data.counter.during(async () => {
        assert.deepEqual(await read(), [undefined, undefined, undefined])
      })
      assert.equal(counts.Com_select, 0)
      assert.equal(repos.$stats()[table]!.keysSent, 1)
      assert.equal(repos.$stats()[table]!.scopeHits, 3)
    })
  }

  it('wait for one promise', async () => {
    const repos = immutable()
    const [first, second, third] = [1, 2, 3].map(() => repos.$forRequest().item!.findByKey(5))
    assert.equal(second, third)
    assert.equal(await first, await second)
  })

  it('do not send the key again while it is on its way', async () => {
    const repos = immutable()
    await repos.$ready()
    await whileLocked('item', async () => {
      const scopes = [repos.$forRequest(), repos.$forRequest()]
      const asked = scopes.map((scope) => scope.item!.findByKey(8))
      await waiting(1)
      const again = scopes.map((scope) => scope.item!.findByKey(8))
      const listed = scopes.map((scope) => scope.item!.findByKeys([8]))
      void Promise.all([...asked, ...again, ...listed]).then((rows) => {
        assert.equal(new Set(rows.flat()).size, 1)
      })
      await Promise.resolve()
      assert.equal(repos.$stats().item!.misses, 2)
      assert.equal(repos.$stats().item!.scopeHits, 4)
    })
    assert.equal((await repos.item!.findByKey(8))?.label, 'row 8')
    assert.equal(repos.$stats().item!.keysSent, 1)
  })

  it('keep their rows when the cache drops them at once', async () => {
    const repos = immutable(1)
    await repos.$ready()
    const scopes = [repos.$forRequest(), repos.$forRequest(), repos.$forRequest()]
    const read = () =>
      Promise.all(scopes.flatMap((scope) => [1, 2, 3].map((id) => scope.item!.findByKey(id))))
    const rows = await read()
    assert.deepEqual(rows.slice(0, 3), rows.slice(3, 6))
    for (const [at, row] of rows.entries()) assert.equal(row, rows[at % 3])
    const counts = await data.counter.during(async () => {
      for (const [at, row] of (await read()).entries()) assert.equal(row, rows[at % 3])
    })
    assert.equal(counts.Com_select, 0)
  })

  it('each get the error, and ask again', async () => {
    const repos = immutable()
    await repos.$ready()
    const scopes = [repos.$forRequest(), repos.$forRequest(), repos.$forRequest()]
    await data.without('item', async () => {
      const results = await Promise.allSettled(scopes.map((scope) => scope.item!.findByKey(3)))
      for (const result of results) {
        assert.equal(result.status, 'rejected')
        assert.equal(result.reason.code, 'ER_NO_SUCH_TABLE')
      }
    })
    const rows = await Promise.all(scopes.map((scope) => scope.item!.findByKey(3)))
    assert.ok(rows.every((row) => row?.label === 'row 3' && row === rows[0]))
  })

  it('ask for themselves once they were told to forget', async () => {
    const repos = immutable()
    await repos.$ready()
    const [first, second] = [repos.$forRequest(), repos.$forRequest()]
    const asked = [first.item!.findByKey(4), second.item!.findByKey(4)]
    second.item!.clear(4)
    const fresh = second.item!.findByKey(4)
    const [mine, shared, again] = await Promise.all([...asked, fresh])
    assert.equal(shared, mine)
    assert.equal(again?.label, 'row 4')
    assert.equal(await second.item!.findByKey(4), again)
    assert.equal(await first.item!.findByKey(4), mine)
  })

  it('are answered what the server has said, not what another one was primed with', async () => {
    const repos = immutable()
    await repos.$ready()
    const [first, second] = [repos.$forRequest(), repos.$forRequest()]
    const asked = [first.item!.findByKey(6), second.item!.findByKey(6)]
    first.item!.prime({ id: 6, label: 'primed' })
    const [, shared] = await Promise.all(asked)
    assert.equal(shared?.label, 'row 6')
    assert.equal(await second.item!.findByKey(6), shared)
    assert.equal((await repos.item!.findByKey(6))?.label, 'row 6')
  })

  it('keep the row that they wait for when they are primed with another one', async () => {
    const repos = immutable()
    await repos.$ready()
    const [first, second] = [repos.$forRequest(), repos.$forRequest()]
    const asked = [first.country!.findByKey('JP'), second.country!.findByKey('JP')]
    second.country!.prime({ code: 'JP', alpha3: 'JPN', name: 'Primed', continent: 'AS' })
    const [, shared] = await Promise.all(asked)
    assert.equal(shared?.name, 'Japan')
    assert.equal(await second.country!.findByKey('JP'), shared)
    assert.equal(await second.country!.findByKey({ alpha3: 'JPN' }), shared)
  })

  it('are primed with a row before they ask for it', async () => {
    const repos = immutable()
    await repos.$ready()
    const [first, second] = [repos.$forRequest(), repos.$forRequest()]
    const asked = first.item!.findByKey(9)
    second.item!.prime({ id: 9, label: 'primed' })
    assert.equal((await second.item!.findByKey(9))?.label, 'primed')
    assert.equal((await asked)?.label, 'row 9')
  })
})
