import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { createConnection } from 'mysql2/promise'
import type { TablesMetadata } from '../../src/index.ts'
import { closedAfterFile } from '../support/closing.ts'
import {
  type Application,
  type ApplicationOptions,
  assertCachedIsServed,
  assertClear,
  assertFirstReadWorks,
  assertNothingLeaks,
  assertOthersReject,
  assertSecretless,
  holdPool,
  killConnections,
  makeTables,
  PATIENT,
  processes,
  readers,
  SECRET,
  SLACK,
  settlesWithin,
  startApplication,
  TIMEOUT,
  until,
  urlOf,
  warm,
} from '../support/outage/outage.ts'
import { startRestartableServer } from '../support/outage/restartable-server.ts'
import { systemUnderTest } from '../support/server.ts'

const LOST = 'KYSELY_LOOKUP_CONNECTION_LOST'
const TIMED_OUT = 'KYSELY_LOOKUP_TIMEOUT'

const system = await systemUnderTest()
const server = (await startRestartableServer({ system }))!

describe('while the server is away', {
  skip: !server && `no ${system} program here`,
  timeout: 600_000,
}, () => {
  let tables: TablesMetadata

  before(async () => {
    tables = await makeTables(server)
  })
  after(() => server[Symbol.asyncDispose]())

  const start = (options: ApplicationOptions = {}) => startApplication(server, { tables, ...options })

  interface Outage {
    readonly code: string
    begin(application: Application): unknown
    end(application: Application): unknown
  }

  const outages: Readonly<Record<string, Outage>> = {
    'killed (kill -9)': { code: LOST, begin: () => server.kill(), end: () => server.start() },
    'shut down': { code: LOST, begin: () => server.shutDown(), end: () => server.start() },
    'paused (SIGSTOP)': { code: TIMED_OUT, begin: () => server.pause(), end: () => server.resume() },
    'locking the tables': lockedTables(),
    'refusing connections': refusedConnections(),
  }

  for (const [name, { code, begin, end }] of Object.entries(outages)) {
    for (const prepare of [true, false]) {
      it(`${name}, lookups ${prepare ? 'prepared' : 'as text'}: cached rows are served, other reads say why they fail, and the first read afterwards works`, async () => {
        // Only where nothing answers does a read wait for its time limit.
        await using application = start({ prepare, timeout: code === TIMED_OUT ? TIMEOUT : PATIENT })
        await warm(application)
        await begin(application)
        try {
          await assertCachedIsServed(application)
          await assertOthersReject(application, code)
          await assertCachedIsServed(application)
        } finally {
          await end(application)
        }
        await assertFirstReadWorks(application)
        await assertNothingLeaks(application)
      })
    }
  }

  function lockedTables(): Outage {
    let release: () => Promise<unknown>
    return {
      code: TIMED_OUT,
      async begin() {
        const locker = closedAfterFile(await createConnection(urlOf(server, 'root')))
        release = () => locker.end()
        await locker.query('lock tables city write, country write, product write, lookup_version write')
      },
      end: () => release(),
    }
  }

  function refusedConnections(): Outage {
    const others: Awaited<ReturnType<typeof createConnection>>[] = []
    // It is there before the server is full: nobody else gets in to undo that.
    let administrator: Awaited<ReturnType<typeof createConnection>>
    return {
      code: LOST,
      async begin() {
        administrator = closedAfterFile(await createConnection(urlOf(server, 'root')))
        await killConnections(server)
        await administrator.query('set @before = @@global.max_connections')
        await administrator.query('set global max_connections = 10')
        for (;;) {
          try {
            others.push(closedAfterFile(await createConnection(urlOf(server, 'app'))))
          } catch (error) {
            if ((error as { code?: string }).code === 'ER_CON_COUNT_ERROR') return
            throw error
          }
        }
      },
      async end() {
        await administrator.query('set global max_connections = @before')
        for (const other of others.splice(0)) await other.end()
        await administrator.end()
      },
    }
  }

  it('a restart between two reads goes unnoticed', async () => {
    for (const prepare of [true, false]) {
      await using application = start({ prepare })
      await warm(application)
      await Promise.all(readers(application).map((read) => read()))
      await server.shutDown()
      await server.start()
      await assertFirstReadWorks(application)
      await assertNothingLeaks(application)
    }
  })

  it('killed idle connections cost the next read one more try', async () => {
    await using application = start()
    await warm(application)
    await Promise.all(readers(application).map((read) => read()))
    for (let round = 0; round < 5; round++) {
      await killConnections(server)
      await assertFirstReadWorks(application)
    }
    await assertNothingLeaks(application)
  })

  it('a stream whose connection is killed rejects', async () => {
    await using application = start()
    await using locker = await createConnection(urlOf(server, 'root'))
    await locker.query('lock tables product write')
    const streaming = application.db.selectFrom('product').selectAll().stream().next()
    streaming.catch(() => {})
    await until(async () => (await processes(server, '`product`')).length > 0)
    await killConnections(server, '`product`')
    await assert.rejects(streaming)
    await locker.end()
    await assertFirstReadWorks(application)
    await assertNothingLeaks(application)
  })

  it('a connection killed in mid-batch is replaced; after three the read rejects', async () => {
    await using application = start({ timeout: 30_000 })
    await warm(application)
    await using locker = await createConnection(urlOf(server, 'root'))
    try {
      await locker.query('lock tables product write')
      const replaced = application.repos.product!.findByKey(SECRET)
      await until(async () => (await processes(server, '`product`')).length > 0)
      await killConnections(server, '`product`')
      await locker.query('unlock tables')
      assert.equal((await replaced)?.label, SECRET)
      await locker.query('lock tables product write')
      let settled = false
      const failing = application.repos.product!.findByKey(SECRET).finally(() => {
        settled = true
      })
      failing.catch(() => {})
      await until(async () => {
        await killConnections(server, '`product`')
        return settled
      })
      await assert.rejects(failing, (error) => assertClear(error, LOST))
    } finally {
      await locker.end()
    }
    await assertFirstReadWorks(application)
    await assertNothingLeaks(application)
  })

  it('keys that wait behind unanswered statements reject within their own time limit', async () => {
    await using application = start()
    await warm(application)
    await server.pause()
    try {
      const answers: Promise<unknown>[] = []
      const inTime: Promise<boolean>[] = []
      for (let turn = 0; turn < 12; turn++) {
        const answer = application.repos.product!.findByKey(`${SECRET}-${turn}`)
        answers.push(answer)
        inTime.push(settlesWithin(TIMEOUT + SLACK / 2, answer))
        // One after the other, over more time than a statement has.
        await Promise.race([inTime[0], new Promise((resolve) => setTimeout(resolve, TIMEOUT / 6))])
      }
      for (const answer of answers) await assert.rejects(answer, (error) => assertClear(error, TIMED_OUT))
      assert.deepEqual(await Promise.all(inTime), Array(12).fill(true))
    } finally {
      server.resume()
    }
    await assertFirstReadWorks(application)
  })

  it('a process that starts meanwhile rejects in time, and works as soon as the server does', async () => {
    await using application = start()
    const alsoReady = () => application.repos.$ready()
    await server.pause()
    try {
      const ready = alsoReady()
      const inTime = settlesWithin(TIMEOUT + SLACK, ready)
      await Promise.all([
        assertOthersReject(application, TIMED_OUT),
        assert.rejects(ready, { code: TIMED_OUT }),
      ])
      assert.ok(await inTime)
    } finally {
      server.resume()
    }
    await alsoReady()
    await assertFirstReadWorks(application)
    await server.kill()
    await using late = start({ timeout: PATIENT })
    await assertOthersReject(late, LOST)
    await server.start()
    await assertFirstReadWorks(late)
    await assertNothingLeaks(late)
  })

  it('a scope reads again after a failed read', async () => {
    await using application = start({ timeout: PATIENT })
    await warm(application)
    const scope = application.repos.$forRequest()
    await server.kill()
    await assert.rejects(scope.product!.findByKey('two'), { code: LOST })
    await assert.rejects(scope.country!.findAllBy({ label: 'second' }), { code: LOST })
    await assert.rejects(scope.country!.all(), { code: LOST })
    await server.start()
    assert.equal((await scope.product!.findByKey('two'))?.label, 'second')
    assert.equal((await scope.country!.findAllBy({ label: 'second' })).length, 1)
    assert.equal((await scope.country!.all()).length, 3)
  })

  it('a pool without a free connection holds up no read', async () => {
    await using application = start({ connectionLimit: 2 })
    await warm(application)
    const release = await holdPool(application, 2)
    await assertCachedIsServed(application)
    await assertFirstReadWorks(application)
    await release()
    await assertNothingLeaks(application)
  })

  it('an exhausted pool that lookups borrow from rejects reads in time, and sends nothing for them later', async () => {
    await using application = start({ connectionLimit: 2, lookupConnections: 0 })
    await warm(application)
    const release = await holdPool(application, 2)
    await assertCachedIsServed(application)
    await assertOthersReject(application, TIMED_OUT)
    const selects = async () => {
      const [row] = await server.run("show global status like 'Com_stmt_execute'")
      return Number(row?.Value)
    }
    const before = await selects()
    await release()
    await until(() => application.connections().free === 2)
    assert.equal(await selects(), before)
    await assertFirstReadWorks(application)
    await assertNothingLeaks(application)
  })

  it('a table that is locked holds up neither reads of other tables nor polls, and no more connections than needed', async () => {
    await using application = start({ timeout: PATIENT, versions: { pollInterval: 20, pollTimeout: 1_000 } })
    await warm(application)
    const { repos, connections } = application
    const locker = await createConnection(urlOf(server, 'root'))
    try {
      await locker.query('lock tables product write')
      const blocked = [repos.product!.findByKey(SECRET), repos.product!.findAllBy({ label: SECRET })]
      await until(async () => (await processes(server, '`product`')).length === 2)
      const locked = performance.now()
      assert.equal((await repos.$forRequest().country!.findByKey(SECRET))?.label, SECRET)
      assert.equal((await repos.city!.findAllBy({ label: 'second' })).length, 1)
      await until(() => repos.$stats().country!.verifiedAge! < performance.now() - locked)
      await locker.query('unlock tables')
      assert.equal((await Promise.all(blocked)).flat().length, 2)
    } finally {
      await locker.end()
    }
    await until(() => connections().all - connections().pooled <= 2)
    await assertNothingLeaks(application)
  })

  it('a server without room for prepared statements gets text statements', async () => {
    const [row] = await server.run('select @@global.max_prepared_stmt_count m')
    await server.run('set global max_prepared_stmt_count = 0')
    try {
      await using application = start()
      await warm(application)
      await assertFirstReadWorks(application)
      // The text fallback's failures hold no values either.
      await using locker = await createConnection(urlOf(server, 'root'))
      await locker.query('lock tables product write')
      const reading = application.repos.product!.findByKey(SECRET)
      reading.catch(() => {})
      await until(async () => (await processes(server, SECRET)).length > 0)
      for (const id of await processes(server, SECRET)) await server.run(`kill query ${id}`)
      await assert.rejects(reading, (error) => {
        assertSecretless(error)
        return true
      })
      await locker.end()
      await assertNothingLeaks(application)
    } finally {
      await server.run(`set global max_prepared_stmt_count = ${row?.m}`)
    }
  })

  it('unverified versions stop hits where that is configured, until they are verified', async () => {
    // Polls that a busy machine holds up for less are no outage.
    const versions = { pollInterval: 20, pollTimeout: 2_000, maxUnverified: 4_000 }
    await using refusing = start({ timeout: PATIENT, versions: { ...versions, whenUnverified: 'refuse' } })
    await using serving = start({ timeout: PATIENT, versions: { ...versions, whenUnverified: 'serve' } })
    for (const application of [refusing, serving]) await warm(application)
    await server.kill()
    await until(() => refusing.repos.country!.peek('one') === undefined)
    await assert.rejects(refusing.repos.country!.findByKey('one'), (error) => assertClear(error, LOST))
    await assert.rejects(
      refusing.repos.$request(() => refusing.repos.country!.findByKey('none')),
      (error) => assertClear(error, LOST),
    )
    assert.equal((await refusing.repos.city!.findByKey('one'))?.label, 'first')
    await assertCachedIsServed(serving)
    await server.start()
    assert.equal((await refusing.repos.country!.findByKey('one'))?.label, 'first')
    await until(() => refusing.repos.country!.peek('one') !== undefined)
    for (const application of [refusing, serving]) {
      await assertCachedIsServed(application)
      await assertFirstReadWorks(application)
    }
    await server.run("update outage.country set label = 'changed' where code = 'one'")
    for (const { repos } of [refusing, serving]) {
      await until(async () => (await repos.country!.findByKey('one'))?.label === 'changed')
    }
    await server.run("update outage.country set label = 'first' where code = 'one'")
  })

  it('a read that times out in a transaction ends it and says so, not that the rollback failed', async () => {
    await using application = start({ connectionLimit: 1 })
    await warm(application)
    await using locker = await createConnection(urlOf(server, 'root'))
    await locker.query('lock tables product write')
    const reading = application.repos.$transaction(async (trx) => {
      await trx.city!.findByKey('one')
      return trx.product!.findByKey(SECRET)
    })
    await assert.rejects(reading, (error) => assertClear(error, TIMED_OUT))
    await locker.end()
    await assertFirstReadWorks(application)
    await assertNothingLeaks(application)
  })

  it('a process can end once it has closed its database', async () => {
    const program = new URL('../support/outage/leaving-process.ts', import.meta.url).pathname
    using child = spawn(process.execPath, [program, urlOf(server, 'app')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const ended = once(child, 'close')
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    let gone = false
    ended.finally(() => {
      gone = true
    })
    await until(() => gone || output.includes('ready'))
    assert.ok(!gone, 'the process is there')
    await server.pause()
    try {
      child.stdin.write('\n')
      assert.deepEqual(await ended, [0, null])
      assert.match(output, new RegExp(TIMED_OUT))
    } finally {
      server.resume()
    }
  })
})
