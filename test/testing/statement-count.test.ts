import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { Kysely, MysqlDialect } from 'kysely'
import { createPool, type Pool, type PoolConnection } from 'mysql2'
import { createPool as createPromisePool } from 'mysql2/promise'
import { trackVersion } from '../../src/migration/index.ts'
import { countStatements, expectStatements, StatementCountError } from '../../src/testing/index.ts'
import { textWithoutValues } from '../../src/testing/statement-text.ts'
import { type AnyDB, lookups } from '../support/lookups.ts'
import { CITIES, migrating, refusal } from '../support/migration/migrating.ts'

const SELECT = 'select name from city where id = ?'

describe('counting statements', async () => {
  const data = await lookups(CITIES)
  const { db, counter } = data
  const pool = createPool({ uri: data.test.url, connectionLimit: 1 })
  const promisePool = createPromisePool({ uri: data.test.url, connectionLimit: 1 })
  const plain = new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool }) })
  const repos = data.repositories()
  await repos.$ready()
  after(async () => {
    await promisePool.end()
    await plain.destroy()
    await data[Symbol.asyncDispose]()
  })

  const nameById = (on: Kysely<AnyDB>, id: number) =>
    on.selectFrom('city').select('name').where('id', '=', id).execute()

  const clients: { name: string; prepared: boolean; run: () => Promise<unknown> }[] = [
    { name: 'a query of a mysql2 pool', prepared: false, run: () => called(pool, 'query') },
    { name: 'an execution of a mysql2 pool', prepared: true, run: () => called(pool, 'execute') },
    { name: 'a query of a mysql2/promise pool', prepared: false, run: () => promisePool.query(SELECT, [1]) },
    {
      name: 'an execution of a mysql2/promise pool',
      prepared: true,
      run: () => promisePool.execute(SELECT, [1]),
    },
    { name: 'a query of Kysely', prepared: false, run: () => nameById(plain, 1) },
    { name: 'a query of createDatabase', prepared: false, run: () => nameById(db, 1) },
    {
      name: 'a stream of createDatabase',
      prepared: false,
      run: async () => {
        for await (const _row of db.selectFrom('city').select('name').where('id', '=', 1).stream());
      },
    },
    { name: 'a lookup of a repository', prepared: true, run: () => repos.city!.findByKey(1) },
  ]
  for (const { name, prepared, run } of clients) {
    it(`counts ${name} as the server does`, async () => {
      await run() // connections and prepared statements are there from now on
      const { statements, sent } = await withServerCounts(async () => (await countStatements(run)).statements)
      assert.equal(sent.Com_select, 1)
      assert.equal(sent.Com_stmt_execute, prepared ? 1 : 0)
      assert.deepEqual(
        statements.map((one) => ({ prepared: one.prepared, database: one.database })),
        [{ prepared, database: data.test.name }],
      )
    })
  }

  async function withServerCounts<Statements>(work: () => Promise<Statements>) {
    let statements: Statements | undefined
    const sent = await counter.during(async () => {
      statements = await work()
    })
    return { statements: statements!, sent }
  }

  it('sees what an N+1 costs, and what a batch saves', async () => {
    const ids = [1, 2, 1, 2]
    await expectStatements(4, () => Promise.all(ids.map((id) => nameById(db, id))))
    await expectStatements(1, () =>
      repos.$request(() => Promise.all(ids.map((id) => repos.city!.findByKey(id)))),
    )
    const rows = await expectStatements(1, () => repos.city!.findByKeys(ids))
    assert.deepEqual(
      rows.map((row) => row?.name),
      ['Paris', 'Lyon', 'Paris', 'Lyon'],
      'it answers what the function answered',
    )
  })

  it('counts the statements of a transaction, including begin and commit', async () => {
    const { statements } = await countStatements(() => plain.transaction().execute((trx) => nameById(trx, 1)))
    assert.deepEqual(
      statements.map(({ text }) => text),
      ['begin', 'select `name` from `city` where `id` = ?', 'commit'],
    )
  })

  it('counts for each concurrent call what it sent itself, even on one connection', async () => {
    const held = await new Promise<PoolConnection>((resolve, reject) =>
      pool.getConnection((error, connection) => (error ? reject(error) : resolve(connection))),
    )
    const sending = [1, 3, 2].map((many) =>
      countStatements(() => Promise.all(Array.from({ length: many }, () => called(pool, 'query')))),
    )
    const byKysely = countStatements(() => nameById(plain, 1))
    held.release()
    const counts = (await Promise.all([...sending, byKysely])).map(({ count }) => count)
    assert.deepEqual(counts, [1, 3, 2, 1])
  })

  it('counts for both when one count is inside another', async () => {
    const outer = await countStatements(async () => {
      await nameById(db, 1)
      return await countStatements(() => nameById(db, 2))
    })
    assert.deepEqual([outer.count, outer.result.count], [2, 1])
  })

  it('leaves out the set-up of new connections, and sees those that were open before', async () => {
    await using other = await lookups(CITIES)
    for (const whose of ['call', 'process'] as const) {
      const fresh = createPool({ uri: data.test.url })
      fresh.on('connection', (connection) => connection.query('set @set_up = 1'))
      await using kysely = new Kysely<AnyDB>({ dialect: new MysqlDialect({ pool: fresh }) })
      await expectStatements(1, () => nameById(kysely, 1), { of: whose })
    }
    await expectStatements(2, () => Promise.all([nameById(other.db, 1), nameById(other.db, 2)]))
  })

  it('counts what a server in this process sends if told to, without polls', async () => {
    await using versioned = await migrating(CITIES)
    await trackVersion(versioned.db, 'city')
    await using polling = versioned.repositories({
      cache: { city: 'versioned' },
      versions: { pollInterval: 5 },
    })
    await polling.$ready()
    const http = createServer(async (_request, response) => {
      const row = await polling.city!.findByKey(1)
      response.end(row?.name)
    }).listen(0, '127.0.0.1')
    await once(http, 'listening')
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/`
    const ask = async () => (await fetch(url)).text()
    try {
      const askAndPoll = async () => {
        const polled = nextPoll()
        const name = await ask()
        await polled
        return name
      }
      assert.equal(await expectStatements(1, askAndPoll, { of: 'process' }), 'Paris')
      await assert.rejects(expectStatements(1, ask), (error: Error) => {
        assert.equal(
          error.message,
          "expected 1 statement, counted 0.\nStatements of a server in this process that was asked over HTTP are counted with { of: 'process' }.",
        )
        return true
      })
    } finally {
      http.closeAllConnections()
      http.close()
    }
  })

  it('reports an unexpected number with the statements, without their values', async () => {
    const secret = "it's 4711"
    const work = async () => {
      for (const id of [1, 2, 3]) await nameById(plain, id)
      await plain.selectFrom('city').selectAll().where('name', 'in', [secret, 'Lyon']).execute()
      await repos.city!.findByKey(1)
    }
    await assert.rejects(expectStatements({ atMost: 4 }, work), (error) => {
      assert.ok(error instanceof StatementCountError)
      const { name, code, expected, actual } = error
      assert.deepEqual(
        { name, code, expected, actual },
        {
          name: 'StatementCountError',
          code: 'KYSELY_LOOKUP_STATEMENT_COUNT',
          expected: { atMost: 4 },
          actual: 5,
        },
      )
      const lines = error.message.split('\n')
      assert.deepEqual(lines.slice(0, 3), [
        'expected at most 4 statements, counted 5:',
        '    3 × select `name` from `city` where `id` = ?',
        '    1 × select * from `city` where `name` in (?, …)',
      ])
      assert.match(lines[3]!, /^ {4}1 × select .* from `city` t .* where .*\?/)
      assert.equal(lines.length, 4)
      assert.doesNotMatch(JSON.stringify(error.statements), /4711|Lyon/)
      return true
    })
    await expectStatements({ atMost: 5 }, work)
  })

  it('says what to do when the first verification of repositories is among them', async () => {
    const fresh = data.repositories()
    await assert.rejects(
      expectStatements(1, () => fresh.city!.findByKey(1)),
      /information_schema[\s\S]*\n.*await repos\.\$ready\(\) before counting\.$/,
    )
    await expectStatements(1, () => fresh.city!.findByKey(1))
  })

  it('passes on what the function throws, and stops counting', async () => {
    await assert.rejects(
      expectStatements(7, () => Promise.reject(new Error('mine'))),
      /^Error: mine$/,
    )
    assert.equal((await countStatements(() => 'a function may be synchronous')).count, 0)
  })

  const misuses: { name: string; run: () => Promise<unknown>; says: string }[] = [
    {
      name: 'a promise in place of a function',
      run: () => countStatements(Promise.resolve() as never),
      says: 'expected a function to run, got object',
    },
    {
      name: 'an unknown of',
      run: () => countStatements(() => 1, { of: 'pool' as never }),
      says: `expected of to be 'call' or 'process', got "pool"`,
    },
    {
      name: 'a number that none can be',
      run: () => expectStatements(-1, () => 1),
      says: 'expected a number of statements',
    },
    {
      name: 'a function in place of the number',
      run: () => expectStatements((() => 1) as never, () => 1),
      says: 'expected a number of statements',
    },
  ]
  for (const { name, run, says } of misuses) {
    it(`refuses ${name}`, () => assert.rejects(run, refusal(says)))
  }
})

const texts: { sql: string; shown: string }[] = [
  { sql: "select *\n  from t -- of 'x'\n where a = 'b'", shown: 'select * from t where a = ?' },
  { sql: "where a = 'it''s' and b = 'it\\'s' and c = \"x\"", shown: 'where a = ? and b = ? and c = ?' },
  { sql: 'where `a 1``2` = 1.5e3 and t1.c2 = -7', shown: 'where `a 1``2` = ? and t1.c2 = -?' },
  { sql: "values (1, 'a'), (2, 'b'), (3, 'c')", shown: 'values (?, …), …' },
  { sql: "where a in ('x','y') and b in (7)", shown: 'where a in (?, …) and b in (?)' },
  { sql: 'select 0xff /* by 4711 */ # and 12\n, x from t', shown: 'select ? , x from t' },
  { sql: "where a = '/* no comment */' and b = '-- none'", shown: 'where a = ? and b = ?' },
]
for (const { sql, shown } of texts) {
  it(`shows ${JSON.stringify(sql)} without its values`, () => assert.equal(textWithoutValues(sql), shown))
}

/** Resolves when a poll has been given to mysql2. */
function nextPoll(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const listener = (message: unknown) => {
    if (!(message as { query: string }).query.includes('lookup_version')) return
    unsubscribe('tracing:mysql2:execute:start', listener)
    resolve()
  }
  subscribe('tracing:mysql2:execute:start', listener)
  return promise
}

/** The callback form, as Kysely's driver calls it. */
function called(pool: Pool, method: 'query' | 'execute'): Promise<unknown> {
  return new Promise<void>((resolve, reject) => {
    const done = (error: Error | null) => (error ? reject(error) : resolve())
    if (method === 'query') pool.query(SELECT, [1], done)
    else pool.execute(SELECT, [1], done)
  })
}
