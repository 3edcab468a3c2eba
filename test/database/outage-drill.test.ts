/**
 * A service under load whose server is killed, paused and restarted, over and over. `OUTAGE_ROUNDS=50` is the long form.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { numbered } from '../support/lookups.ts'
import {
  type Application,
  assertNothingLeaks,
  metadataOfServer,
  SLACK,
  settlesWithin,
  startApplication,
  until,
  withDatabase,
} from '../support/outage/outage.ts'
import { startRestartableServer } from '../support/outage/restartable-server.ts'
import { systemUnderTest } from '../support/server.ts'

const ROUNDS = Number(process.env.OUTAGE_ROUNDS ?? 6)
const READERS = 8
const TIMEOUT = 500
const CITIES = 500
const COUNTRIES = 40
const PRODUCTS = 5_000
const MAX_AGE = 400

const system = await systemUnderTest()
const server = (await startRestartableServer({ system }))!

describe('an outage drill:', {
  skip: !server && `no ${system} program here`,
  timeout: 300_000 + ROUNDS * 60_000,
}, () => {
  before(async () => {
    // `city` never changes, `country` counts its changes, `rate` does so too and expires, `product` is read per request.
    await withDatabase(server, async (db) => {
      await server.run(
        'use outage',
        ...numbered('city', CITIES),
        ...numbered('product', PRODUCTS),
        ...['country', 'rate'].flatMap((name) => [
          `create table ${name} (id int unsigned not null primary key, changes int unsigned not null)`,
          ...Array.from({ length: COUNTRIES }, (_, id) => `insert into ${name} values (${id + 1}, 0)`),
        ]),
      )
      await createVersionTable(db)
      await trackVersion(db, 'country')
    })
  })
  after(() => server[Symbol.asyncDispose]())

  it(`${ROUNDS} rounds fail no cached read, settle the others in time, give no wrong answer and leak nothing`, async (test) => {
    await using application = startApplication(server, {
      tables: await metadataOfServer(server),
      connectionLimit: 10,
      timeout: TIMEOUT,
      versions: { pollInterval: 50, pollTimeout: 300 },
      cache: {
        city: 'immutable',
        country: 'versioned',
        rate: { mode: 'expiring', maxAge: MAX_AGE, refreshAfter: MAX_AGE / 4 },
      },
    })
    // The first statements of a process may take longer than a read may.
    await until(() => application.repos.city!.preload().then(Boolean, () => false))
    await using load = startLoad(application)
    const heap: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      await outages[round % outages.length]!(load)
      await load.untilAllTablesAnswer()
      if (round >= ROUNDS / 5 - 1) heap.push(heapUsed())
    }
    await load.stop()
    const { connections } = application
    await assertNothingLeaks(application)
    const growth = (heapUsed() - heap[0]!) / 2 ** 20
    test.diagnostic(
      `${system}, ${ROUNDS} rounds: ${JSON.stringify(load.counts)}; longest read ${load.longest.toFixed(0)} ms of ${TIMEOUT}; ` +
        `connections ${connections().all}; heap ${growth.toFixed(1)} MB more than after ${ROUNDS - heap.length + 1} rounds`,
    )
    assert.deepEqual(load.faults, [])
    assert.equal(load.late, 0, `the longest read took ${load.longest} ms`)
    assert.ok(growth < 10, `the heap grew by ${growth} MB`)
    for (const kind of ['cached', 'answered', 'rejected', 'written'] as const)
      assert.ok(load.counts[kind] > 0)
  })

  const outages: readonly ((load: Load) => Promise<void>)[] = [
    async (load) => {
      await server.kill()
      await load.untilMore('rejected', 50)
      await server.start()
    },
    async (load) => {
      await server.pause()
      await load.untilMore('rejected', 50)
      server.resume()
    },
    async () => {
      await server.shutDown()
      await server.start()
    },
  ]
})

type Load = ReturnType<typeof startLoad>

function startLoad({ repos, db }: Application) {
  const counts = { cached: 0, answered: 0, rejected: 0, lost: 0, timedOut: 0, written: 0, writesFailed: 0 }
  const faults: string[] = []
  /** By country: changes that the server has acknowledged, and that it was asked for. */
  const acknowledged = new Array<number>(COUNTRIES + 1).fill(0)
  const attempted = new Array<number>(COUNTRIES + 1).fill(0)
  const seen = new Array<number>(COUNTRIES + 1).fill(0)
  /** By rate, in order: changes, and when the server had acknowledged them. */
  const rates = Array.from({ length: COUNTRIES + 1 }, () => [{ changes: 0, at: Number.NEGATIVE_INFINITY }])
  const attemptedRates = new Array<number>(COUNTRIES + 1).fill(0)
  let longest = 0
  let late = 0
  let running = true

  const fault = (what: string) => {
    if (faults.length < 20) faults.push(what)
  }

  /** What a read answered; undefined where it was rejected for a reason that an outage gives. */
  async function settled<Answer>(
    read: Promise<Answer>,
    cached: boolean,
  ): Promise<{ answer: Answer } | undefined> {
    const start = performance.now()
    const inTime = settlesWithin(TIMEOUT + SLACK, read)
    try {
      const answer = await read
      counts[cached ? 'cached' : 'answered']++
      return { answer }
    } catch (error) {
      const { code } = error as { code?: string }
      counts.rejected++
      if (code === 'KYSELY_LOOKUP_CONNECTION_LOST') counts.lost++
      else if (code === 'KYSELY_LOOKUP_TIMEOUT') counts.timedOut++
      else fault(`rejected with ${code}: ${error}`)
      if (cached) fault(`a cached read failed with ${code}`)
      return undefined
    } finally {
      longest = Math.max(longest, performance.now() - start)
      if (!(await inTime)) late++
    }
  }

  async function readCity(id: number): Promise<void> {
    const read = await settled(repos.city!.findByKey(id), true)
    if (read && read.answer?.label !== `row ${id}`) fault(`city ${id} is ${JSON.stringify(read.answer)}`)
  }

  async function readProduct(id: number): Promise<void> {
    const read = await settled(repos.product!.findByKey(id), false)
    const expected = id <= PRODUCTS ? `row ${id}` : undefined
    if (read && read.answer?.label !== expected) fault(`product ${id} is ${JSON.stringify(read.answer)}`)
  }

  /** Never less than was acknowledged or seen before it began, never more than was asked for. */
  async function readCountry(id: number): Promise<void> {
    const least = Math.max(acknowledged[id]!, seen[id]!)
    const asked = repos.country!.findByKey(id)
    const read = await settled(asked, repos.country!.peek(id) !== undefined)
    if (!read) return
    const changes = Number(read.answer?.changes)
    if (!(changes >= least && changes <= attempted[id]!)) {
      fault(`country ${id} has ${changes} changes, expected ${least} to ${attempted[id]}`)
    }
    seen[id] = Math.max(seen[id]!, changes)
  }

  /** Never less than was acknowledged `MAX_AGE` before it began, never more than was asked for. */
  async function readRate(id: number): Promise<void> {
    const since = performance.now() - MAX_AGE
    const least = rates[id]!.findLast(({ at }) => at < since)!.changes
    const asked = repos.rate!.findByKey(id)
    // If it has not expired yet, it had not when it was asked for.
    const read = await settled(asked, repos.rate!.peek(id) !== undefined)
    if (!read) return
    const changes = Number(read.answer?.changes)
    if (!(changes >= least && changes <= attemptedRates[id]!)) {
      fault(`rate ${id} has ${changes} changes, expected ${least} to ${attemptedRates[id]}`)
    }
  }

  const any = (size: number) => 1 + Math.floor(Math.random() * size)

  async function reader(): Promise<void> {
    while (running) {
      await repos.$request(() =>
        Promise.all([
          ...Array.from({ length: 5 }, () => readCity(any(CITIES))),
          ...Array.from({ length: 4 }, () => readProduct(any(PRODUCTS + 500))),
          readCountry(any(COUNTRIES)),
          readRate(any(COUNTRIES)),
        ]),
      )
      await readCountry(any(COUNTRIES))
      await readRate(any(COUNTRIES))
      await setTimeout(5)
    }
  }

  async function writer(): Promise<void> {
    while (running) {
      const id = any(COUNTRIES)
      const changes = ++attempted[id]!
      try {
        assert.equal(await repos.country!.update(id, { changes }), 1)
        acknowledged[id] = changes
        counts.written++
      } catch {
        counts.writesFailed++
      }
      await setTimeout(10)
    }
  }

  /** Past the repositories. */
  async function rateWriter(): Promise<void> {
    while (running) {
      const id = any(COUNTRIES)
      const changes = ++attemptedRates[id]!
      const write = db.updateTable('rate').set({ changes }).where('id', '=', id).execute()
      await write.then(
        () => rates[id]!.push({ changes, at: performance.now() }),
        () => counts.writesFailed++,
      )
      await setTimeout(10)
    }
  }

  const work = [...Array.from({ length: READERS }, reader), writer(), rateWriter()]

  return {
    counts,
    faults,
    get longest() {
      return longest
    },
    get late() {
      return late
    },
    untilMore(kind: keyof typeof counts, more: number): Promise<void> {
      const enough = counts[kind] + more
      return until(() => counts[kind] >= enough)
    },
    /** Each by its first read, which nothing cached can answer. */
    async untilAllTablesAnswer(): Promise<void> {
      for (const name of ['product', 'country']) {
        // A server that has just started may take longer for its first answer than a read may.
        const read = () => settled(repos.$forRequest().$table(name).findByKey(any(COUNTRIES)), false)
        let found = await read()
        while (!found) found = await read()
        assert.ok(found.answer)
      }
      await this.untilMore('answered', 100)
      await this.untilMore('written', 5)
    },
    async stop(): Promise<void> {
      running = false
      await Promise.all(work)
    },
    [Symbol.asyncDispose]() {
      return this.stop()
    },
  }
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

function heapUsed(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}
