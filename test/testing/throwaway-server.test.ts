import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, watch } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { ConfigurationError } from '../../src/errors.ts'
import { findServerProgram } from '../../src/testing/server/server-program.ts'
import { startThrowawayServer, type ThrowawayServer } from '../../src/testing/server/throwaway-server.ts'
import { identifyServer, runStatements, systemUnderTest } from '../support/server.ts'

// The system under test, where the machine has its program.
// What does not depend on the system is tested with the machine's first, which is MariaDB: it starts in a second.
const first = await findServerProgram()
const program = (await findServerProgram({ system: await systemUnderTest() })) ?? first
const system = program?.system
const skip = first ? false : 'there is no server program on this machine'

describe('a private server', { skip }, () => {
  let server: ThrowawayServer

  before(async () => {
    server = await startThrowawayServer({ system, args: ['--max-connections=77'] })
  })
  after(() => server?.stop())

  it('listens on the loopback interface, in UTC and utf8mb4, for root', async () => {
    const [row] = await runStatements(
      server.url,
      `select @@bind_address bind, @@character_set_server charset, @@global.time_zone zone, @@log_bin log_bin,
              current_user() user`,
    )
    assert.equal(new URL(server.url).hostname, '127.0.0.1')
    assert.deepEqual(
      { ...row },
      { bind: '127.0.0.1', charset: 'utf8mb4', zone: '+00:00', log_bin: 0, user: 'root@127.0.0.1' },
    )
  })

  it('names its system and version', async () => {
    const { system, version } = await identifyServer(server.url)
    assert.deepEqual({ system: server.system, version: server.version }, { system, version })
  })

  it('accepts arguments', async () => {
    const [row] = await runStatements(server.url, 'select @@max_connections as connections')
    assert.equal(row?.connections, 77)
  })

  it('lets nobody in without the password', async () => {
    const url = new URL(server.url)
    url.password = ''
    await assert.rejects(runStatements(url.href, 'select 1'), { code: 'ER_ACCESS_DENIED_ERROR' })
  })
})

const endings: { name: string; code?: string; signal?: NodeJS.Signals; group?: true; exit: unknown[] }[] = [
  { name: 'ends by itself', exit: [0, null] },
  { name: 'calls process.exit', code: 'process.exit(3)', exit: [3, null] },
  { name: 'throws', code: 'setTimeout(() => { throw new Error() })', exit: [1, null] },
  { name: 'gets SIGINT', signal: 'SIGINT', exit: [null, 'SIGINT'] },
  {
    name: 'gets SIGINT with its whole process group, as from Ctrl-C',
    signal: 'SIGINT',
    group: true,
    exit: [null, 'SIGINT'],
  },
  { name: 'gets SIGTERM', signal: 'SIGTERM', exit: [null, 'SIGTERM'] },
  { name: 'gets SIGHUP', signal: 'SIGHUP', exit: [null, 'SIGHUP'] },
  { name: 'is killed with kill -9', signal: 'SIGKILL', exit: [null, 'SIGKILL'] },
]

describe('startThrowawayServer', () => {
  it('runs beside another, and leaves neither process nor folder when it is stopped', { skip }, async () => {
    await using other = await startThrowawayServer()
    const server = await startThrowawayServer({ system })
    assert.notEqual(server.url, other.url)
    await server.stop()
    assertGone(server)
    await assert.rejects(runStatements(server.url, 'select 1'), { code: 'ECONNREFUSED' })
    await server.stop() // nothing left to do
    const [row] = await runStatements(other.url, 'select 1 as one')
    assert.equal(row?.one, 1)
  })

  it('says why it did not start, and leaves nothing', { skip }, async () => {
    const { TMPDIR } = process.env
    const folder = await mkdtemp(join(tmpdir(), 'throwaway-test-'))
    process.env.TMPDIR = folder
    try {
      await assert.rejects(startThrowawayServer({ args: ['--no-such-option'] }), (error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.match(error.message, /ended while it was starting.*no-such-option/s)
        return true
      })
      assert.deepEqual(await readdir(folder), [])
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = TMPDIR
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('refuses a program that is no database server, by its path', async () => {
    for (const path of ['/bin/echo', '/no/such/mariadbd']) {
      await assert.rejects(startThrowawayServer({ program: path }), (error) => {
        assert.ok(error instanceof ConfigurationError)
        assert.ok(error.message.startsWith(`Expected a mariadbd or mysqld at ${path}`), error.message)
        return true
      })
    }
  })

  it('adds no signal handlers for each server', { skip }, async () => {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit', 'uncaughtException', 'beforeExit']
    const count = () => signals.map((signal) => process.listenerCount(signal))
    const before = count()
    await using _one = await startThrowawayServer()
    await using _two = await startThrowawayServer()
    assert.deepEqual(count(), before)
  })
})

describe('the server of a process', { skip }, () => {
  for (const { name, code = '', signal, group, exit } of endings) {
    it(`is gone when its process ${name}`, async () => {
      const path = signal === 'SIGKILL' ? program?.path : first?.path
      using running = await processWithServer({
        code: signal ? 'setInterval(() => {}, 1000)' : code,
        program: path,
      })
      const { child, server } = running
      const exited = once(child, 'exit')
      if (signal) process.kill(group ? -child.pid! : child.pid!, signal)
      assert.deepEqual(await exited, exit)
      await untilGone(server.folder)
      assertGone(server)
    })
  }

  it('is gone when its process is killed while it starts', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'throwaway-test-'))
    try {
      using child = spawnServer({ program: program?.path, env: { ...process.env, TMPDIR: folder } })
      await untilFolder(folder, (names) => names.length > 0)
      const serverFolder = join(folder, ...(await readdir(folder)))
      await untilFolder(serverFolder, (names) => names.includes('data'))
      await untilFolder(join(serverFolder, 'data'), (names) => names.includes('ibdata1'))
      child.kill('SIGKILL')
      await untilFolder(folder, (names) => names.length === 0)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
})

interface ServerProcessOptions {
  readonly program: string | undefined
  /** What it does when the server is there. */
  readonly code?: string
  readonly env?: NodeJS.ProcessEnv
}

/** A process of its own that starts a server and says so. */
async function processWithServer(
  options: ServerProcessOptions,
): Promise<Disposable & { child: ChildProcess; server: ThrowawayServer }> {
  const child = spawnServer(options)
  const [line] = await once(createInterface({ input: child.stdout! }), 'line')
  return { child, server: JSON.parse(line), [Symbol.dispose]: () => child[Symbol.dispose]() }
}

function spawnServer(options: ServerProcessOptions): ChildProcess {
  const { program, code = '', env = process.env } = options
  const script = `
    import { startThrowawayServer } from ${JSON.stringify(import.meta.resolve('../../src/testing/server/throwaway-server.ts'))}
    const server = await startThrowawayServer({ program: ${JSON.stringify(program)} })
    console.log(JSON.stringify(server))
    ${code}`
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true, // a process group of its own
    env,
  })
}

function assertGone(server: Pick<ThrowawayServer, 'folder' | 'pid'>): void {
  assert.equal(existsSync(server.folder), false, `${server.folder} is gone`)
  assert.throws(() => process.kill(server.pid!, 0), { code: 'ESRCH' }, `process ${server.pid} is gone`)
}

function untilGone(folder: string): Promise<void> {
  return untilFolder(dirname(folder), (names) => !names.includes(basename(folder)))
}

/** Waits until the names in a folder are as asked for. */
async function untilFolder(folder: string, condition: (names: readonly string[]) => boolean): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const look = () => {
    if (condition(readdirSync(folder))) resolve()
  }
  const watcher = watch(folder, look)
  const timer = setTimeout(() => reject(new Error(`${folder} did not become as expected in 120 s`)), 120_000)
  look() // it may be so already
  await promise.finally(() => {
    clearTimeout(timer)
    watcher.close()
  })
}
