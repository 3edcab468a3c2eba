import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Connection, createPool } from 'mysql2'
import { driverDecodingSettings } from '../../src/columns/decoding-options.ts'
import { createDatabase, createRepositories } from '../../src/index.ts'
import type { ColdBatchesResult } from '../heap/cold-batches.ts'
import type { HitsResult } from '../heap/hits.ts'
import { type AnyDB, type AnyRepositories, type Lookups, lookups, numbered } from '../support/lookups.ts'
import { expectCommand } from '../support/package/command.ts'
import { type StatementCounts, testServerUrl } from '../support/server.ts'
import { readStatementForms, statementsFor } from '../support/statement-forms.ts'

const CITIES = 1000
const COUNTRIES = 40

describe('what a cold read sends, on a connection of its own', () => {
  let data: Lookups

  before(async () => {
    data = await lookups([
      ...numbered('country', COUNTRIES),
      `create table city (id int unsigned not null primary key, country_id int unsigned not null)`,
      `insert into city values ${ids(CITIES)
        .map((id) => `(${id}, ${countryOf(id)})`)
        .join(', ')}`,
    ])
  })
  after(() => data[Symbol.asyncDispose]())

  /** Repositories over one new connection, which is verified and has nothing prepared, and what they send. */
  async function connected() {
    const bytes: (() => number)[] = []
    const pool = createPool({
      ...{ uri: data.test.url, connectionLimit: 1, timezone: 'Z', charset: 'utf8mb4' },
      ...driverDecodingSettings({}),
    })
    const count = (connection: Connection) => {
      const { stream } = connection as unknown as { readonly stream: { readonly bytesWritten: number } }
      bytes.push(() => stream.bytesWritten)
    }
    pool.on('connection', count)
    const db = createDatabase<AnyDB>({ pool, lookupConnections: { count: 1, onConnect: count } })
    const repos = createRepositories({ db, tables: data.tables }) as unknown as AnyRepositories
    await repos.$ready()
    const written = () => bytes.reduce((sum, of) => sum + of(), 0)
    return {
      repos,
      async sent(work: () => unknown) {
        const begun = written()
        const counts = await data.counter.during(work)
        const sent = written() - begun
        assert.ok(sent > 0)
        return { ...costOf(counts), bytes: sent }
      },
      [Symbol.asyncDispose]: () => db.destroy(),
    }
  }

  it('is one statement per batch, prepared once for every size, with little more than the keys', async () => {
    const [form] = await readStatementForms()
    await using connection = await connected()
    const { repos, sent } = connection
    const batch = (size: number) => () => repos.city!.findByKeys(ids(size))
    const { bytes: firstBytes, ...first } = await sent(batch(10))
    assert.deepEqual(first, { statements: 1, executed: 1, prepared: 1, closed: 0 })
    const union = form === 'union_all'
    atMost(firstBytes, union ? 1_500 : 400, 'bytes, the text of the statement among them')
    for (const size of [10, 100, 1000]) {
      // In this form there is a text for each power of two.
      if (union) await sent(batch(size))
      const { bytes, ...counts } = await sent(batch(size))
      const statements = statementsFor(form, size)
      assert.deepEqual(counts, { statements, executed: statements, prepared: 0, closed: 0 }, `${size} keys`)
      const keyBytes = union ? 8 * 2 ** Math.ceil(Math.log2(size)) : JSON.stringify(ids(size)).length
      atMost(bytes, keyBytes + 25 * statements, `bytes for ${size} keys`)
    }
  })

  it('is one statement for a lone key, with a text of its own, prepared once', async () => {
    await using connection = await connected()
    const { repos, sent } = connection
    await repos.city!.findByKeys([1, 2])
    const { bytes: firstBytes, ...first } = await sent(() => repos.city!.findByKey(1))
    assert.deepEqual(first, { statements: 1, executed: 1, prepared: 1, closed: 0 })
    assert.ok(firstBytes < 400, `${firstBytes} bytes, the text of the statement among them`)
    for (const id of [1, 2, 1000]) {
      const { bytes, ...counts } = await sent(() => repos.city!.findByKey(id))
      assert.deepEqual(counts, { statements: 1, executed: 1, prepared: 0, closed: 0 })
      atMost(bytes, String(id).length + 22, `bytes for the key ${id}`)
    }
  })

  it('is two batches for twenty concurrent requests that each read fifty cities and their countries', async () => {
    const [form] = await readStatementForms()
    await using connection = await connected()
    const { repos, sent } = connection
    const request = (number: number) =>
      repos.$request(async () => {
        // Requests have half of their cities in common with the next one.
        const wanted = ids(50).map((at) => ((number * 25 + at) % CITIES) + 1)
        const countries = await Promise.all(
          wanted.map(async (id) => {
            const city = await repos.city!.findByKeyOrThrow(id)
            return repos.country!.findByKeyOrThrow(city.country_id)
          }),
        )
        assert.deepEqual(
          countries.map(({ id }) => id),
          wanted.map(countryOf),
        )
      })
    const round = () => Promise.all(Array.from({ length: 20 }, (_, number) => request(number)))
    await round()
    const { bytes, ...counts } = await sent(round)
    // 525 cities, 40 countries.
    const statements = statementsFor(form, 525) + statementsFor(form, COUNTRIES)
    assert.deepEqual(counts, { statements, executed: statements, prepared: 0, closed: 0 })
    const keyBytes =
      form === 'union_all'
        ? 8 * (1024 + 64)
        : JSON.stringify(ids(526).slice(1)).length + JSON.stringify(ids(COUNTRIES)).length
    atMost(bytes, keyBytes + 25 * statements, 'bytes')
  })
})

describe('a hit', () => {
  it('allocates only what awaiting allocates, and peek allocates nothing', async (t) => {
    const result: HitsResult = await measured('hits.ts')
    t.diagnostic(JSON.stringify(result))
    const kinds = ['immutable', 'versioned', 'composite', 'expiring']
    assert.deepEqual(
      Object.keys(result).sort(),
      ['findByKey', 'peek'].flatMap((call) => kinds.map((kind) => `${call}, ${kind}`)).sort(),
    )
    for (const [name, { hits, bare }] of Object.entries(result)) {
      atMost(hits - bare, 10_000, `bytes of 10,000 hits beyond those of a Map of promises: ${name}`)
      atMost(bare - hits, 10_000, `bytes of 10,000 reads of a Map of promises beyond those of hits: ${name}`)
    }
  })
})

describe('the answers of a cold batch', () => {
  // 7,000 bytes are the collection's own; the rows of 1,000 keys are 90,000 and more.
  const LEFT = 50_000

  for (const scope of ['none', '$forRequest', '$request']) {
    it(`are freed by the next young collection (scope: ${scope})`, async (t) => {
      const result: ColdBatchesResult = await measured('cold-batches.ts', scope)
      t.diagnostic(JSON.stringify(result))
      assert.equal(result.wholeCollections, 0)
      atMost(result.bytesPerBatch, LEFT, 'bytes that a batch left')
    })
  }

  it('are freed by the next young collection with the repositories that held them, when these are closed', async (t) => {
    const result: ColdBatchesResult = await measured('cold-batches.ts', 'closed')
    t.diagnostic(JSON.stringify(result))
    assert.equal(result.wholeCollections, 0)
    atMost(result.bytesPerBatch, LEFT, 'bytes that repositories left')
  })

  it('are seen to stay when an object with a getter leads to them', async (t) => {
    const result: ColdBatchesResult = await measured('cold-batches.ts', 'none', '--leak')
    t.diagnostic(JSON.stringify(result))
    assert.ok(result.bytesPerBatch > LEFT)
  })
})

/** What a program of test/heap prints. */
async function measured<Result>(program: string, ...args: readonly string[]): Promise<Result> {
  const output = await expectCommand({
    program: process.execPath,
    args: [
      ...['--expose-gc', '--min-semi-space-size=32', '--max-semi-space-size=32'],
      ...['--initial-heap-size=512', `test/heap/${program}`, ...args],
    ],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    env: { TEST_SERVER_URL: await testServerUrl() },
  })
  return JSON.parse(output) as Result
}

function costOf(counts: StatementCounts) {
  return {
    statements: counts.Com_select,
    executed: counts.Com_stmt_execute,
    prepared: counts.Com_stmt_prepare,
    closed: counts.Com_stmt_close,
  }
}

function ids(many: number): number[] {
  return Array.from({ length: many }, (_, at) => at + 1)
}

function countryOf(city: unknown): number {
  return (Number(city) % COUNTRIES) + 1
}

function atMost(actual: number, bound: number, what: string): void {
  assert.ok(actual <= bound, `${what}: expected at most ${bound}, got ${actual}`)
}
