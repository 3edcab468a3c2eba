import { randomBytes, randomInt } from 'node:crypto'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerSystem } from '../../../src/database/server-version.ts'
import { initializeCommand, serveCommand } from '../../../src/testing/server/server-command.ts'
import { findServerProgram } from '../../../src/testing/server/server-program.ts'
import {
  type SupervisedProcess,
  startSupervisedProcess,
} from '../../../src/testing/server/supervised-process.ts'
import { closedAfterFile } from '../closing.ts'
import { runStatements } from '../server.ts'

/** A private server that can be killed, paused and started again, on the same port and with the same data. */
export interface RestartableServer extends AsyncDisposable {
  readonly system: ServerSystem
  /** `mysql://root:…@127.0.0.1:PORT/`, without a database. */
  readonly url: string
  /** The server gets no chance to say goodbye. Resolves when it is gone. */
  kill(): Promise<void>
  /** As an administrator does it. Resolves when it is gone. */
  shutDown(): Promise<void>
  /** Resolves when it takes connections. */
  start(): Promise<void>
  /** Copies its data, while it is down. */
  keepData(): Promise<void>
  /** Puts the copy in the place of its data, while it is down. */
  restoreData(): Promise<void>
  /** Resolves when none of its threads runs. */
  pause(): Promise<void>
  resume(): void
  /** Runs statements past the library, on a connection of their own; answers the rows of the last. */
  run(...statements: readonly string[]): ReturnType<typeof runStatements>
}

/** Undefined where the machine has no program of the system: a server in Docker cannot be drilled. */
export async function startRestartableServer(options: {
  readonly system: ServerSystem
  readonly args?: readonly string[]
}): Promise<RestartableServer | undefined> {
  const program = await findServerProgram({ system: options.system })
  if (!program) return undefined
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-server-'))
  // What the server writes outlives its process, and does not outlive ours.
  const keeper = startSupervisedProcess({ folder, commands: [{ argv: ['sleep', 'infinity'] }] })
  keeper.unref()
  // A commit is with the operating system when it is acknowledged: a kill does not lose it.
  const args = ['--innodb-flush-log-at-trx-commit=2', ...(options.args ?? [])]
  const password = randomBytes(12).toString('hex')
  const port = await quietPort()
  const url = `mysql://root:${password}@127.0.0.1:${port}/`
  let server: SupervisedProcess
  let pid = 0

  async function run(initialize: boolean): Promise<void> {
    const commands = [
      ...(initialize ? [await initializeCommand({ program: program!, folder, args })] : []),
      await serveCommand({ program: program!, folder, args, port, password }),
    ]
    const own = await mkdtemp(join(folder, 'run-'))
    server = startSupervisedProcess({ folder: own, commands })
    await ready(server)
    pid = Number(await readFile(join(folder, 'server.pid'), 'utf8'))
  }

  async function copy(from: string, to: string): Promise<void> {
    await rm(join(folder, to), { recursive: true, force: true })
    await cp(join(folder, from), join(folder, to), { recursive: true })
  }

  await run(true)
  return closedAfterFile({
    system: program.system,
    url,
    async kill() {
      process.kill(pid, 'SIGKILL')
      await server.ended
    },
    async shutDown() {
      process.kill(pid, 'SIGTERM')
      await server.ended
    },
    start: () => run(false),
    keepData: () => copy('data', 'kept'),
    restoreData: () => copy('kept', 'data'),
    async pause() {
      process.kill(pid, 'SIGSTOP')
      while (!(await isStopped(pid))) await new Promise(setImmediate)
    },
    resume: () => void process.kill(pid, 'SIGCONT'),
    run: (...statements) => runStatements(url, ...statements),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await keeper.stop()
    },
  })
}

async function ready(server: SupervisedProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.onLine((line) => {
    if (/Version: '.*port: [1-9]/.test(line)) resolve()
  })
  server.ended.then(() => reject(new Error(`the server ended:\n${server.lastLines().join('\n')}`)))
  await promise
}

export async function isStopped(pid: number): Promise<boolean> {
  const folder = `/proc/${pid}/task`
  const threads = await readdir(folder).catch(() => [])
  const states = await Promise.all(
    threads.map((thread) => readFile(`${folder}/${thread}/stat`, 'utf8').catch(() => ') T')),
  )
  return states.every((state) => state.slice(state.lastIndexOf(')')).startsWith(') T'))
}

/** A free port below those that connections are given: nobody takes it while the server is away. */
export async function quietPort(): Promise<number> {
  for (;;) {
    const port = randomInt(20_000, 30_000)
    const probe = createServer().listen(port, '127.0.0.1')
    try {
      await once(probe, 'listening')
    } catch {
      continue
    }
    probe.close()
    await once(probe, 'close')
    return port
  }
}
