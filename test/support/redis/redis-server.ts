import { mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../../src/testing/server/server-program.ts'
import {
  type SupervisedProcess,
  startSupervisedProcess,
} from '../../../src/testing/server/supervised-process.ts'
import { closedAfterFile } from '../closing.ts'
import { canInstallPackages, installPackage } from '../debian-package.ts'
import { isStopped, quietPort } from '../outage/restartable-server.ts'

/** A private Redis, which keeps nothing on disk and can be killed, paused and started again on the same port. */
export interface RedisServer extends AsyncDisposable {
  /** `redis://127.0.0.1:PORT` */
  readonly url: string
  /** The server gets no chance to say goodbye. Resolves when it is gone. */
  kill(): Promise<void>
  /** Resolves when it takes connections. */
  start(): Promise<void>
  /** Resolves when none of its threads runs. */
  pause(): Promise<void>
  resume(): void
}

/** As root on Debian or Ubuntu the program is installed first. */
export async function startRedisServer(): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-redis-'))
  // The folder outlives the server's process, and does not outlive ours.
  const keeper = startSupervisedProcess({ folder, commands: [{ argv: ['sleep', 'infinity'] }] })
  keeper.unref()
  const program = await redisProgram(folder)
  const port = await quietPort()
  let server: SupervisedProcess
  let pid = 0

  async function start(): Promise<void> {
    const settings = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no']
    const own = await mkdtemp(join(folder, 'run-'))
    server = startSupervisedProcess({
      folder: own,
      commands: [{ argv: [program, ...settings, '--dir', own] }],
    })
    pid = await pidOf(server)
    server.unref()
  }

  await start()
  return closedAfterFile({
    url: `redis://127.0.0.1:${port}`,
    async kill() {
      process.kill(pid, 'SIGKILL')
      await server.ended
    },
    start,
    async pause() {
      process.kill(pid, 'SIGSTOP')
      while (!(await isStopped(pid))) await new Promise(setImmediate)
    },
    resume: () => void process.kill(pid, 'SIGCONT'),
    async [Symbol.asyncDispose]() {
      await server.stop()
      await keeper.stop()
    },
  })
}

async function redisProgram(folder: string): Promise<string> {
  const find = () => findProgram(['redis-server', 'valkey-server'])
  const found = await find()
  if (found !== undefined) return found
  if (!(await findProgram(['redis-check-rdb'])) && (await canInstallPackages())) {
    await installPackage({
      // The programs without the package that would start a server of the host.
      pattern: '^redis-tools$',
      name: 'redis-tools',
      why: 'No redis-server or valkey-server here',
      log: (line) => console.error(line),
    })
  }
  const tools = await findProgram(['redis-check-rdb'])
  if (tools === undefined) {
    throw new Error(
      'No redis-server here. Install Redis or Valkey; on Debian and Ubuntu the package redis-server.',
    )
  }
  // Debian's programs are one, which does what its name says.
  const program = join(folder, 'redis-server')
  await symlink(tools, program)
  return program
}

/** Its lines begin with it. Resolves when it takes connections. */
async function pidOf(server: SupervisedProcess): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  server.onLine((line) => {
    const ready = /^(\d+):M .* Ready to accept connections/.exec(line)
    if (ready) resolve(Number(ready[1]))
  })
  server.ended.then(() => reject(new Error(`Redis ended:\n${server.lastLines().join('\n')}`)))
  return promise
}
