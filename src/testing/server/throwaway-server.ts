import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServerSystem } from '../../database/server-version.ts'
import { ConfigurationError } from '../../errors.ts'
import { dockerCommand, dockerIsRunning, publishedPort } from './docker-container.ts'
import { readHandshake } from './handshake.ts'
import { freePort, isPortConflict } from './port.ts'
import { initializeCommand, serveCommand } from './server-command.ts'
import { findServerProgram, identifyServerProgram, type ServerProgram } from './server-program.ts'
import { type SupervisedProcess, startSupervisedProcess } from './supervised-process.ts'

/**
 * A private database server: empty, on 127.0.0.1. It ends with this process.
 *
 * @example
 * ```ts
 * await using server: ThrowawayServer = await startThrowawayServer()
 * ```
 */
export interface ThrowawayServer extends AsyncDisposable {
  /** `mysql://root:…@127.0.0.1:PORT/`, without a database. The password is random. */
  readonly url: string
  /** Whether it is MariaDB or MySQL. */
  readonly system: ServerSystem
  /** The version, such as `10.11.19`. */
  readonly version: string
  /** The process id of the server; none for a server in Docker. */
  readonly pid?: number
  /** The temporary folder of all its files. */
  readonly folder: string
  /**
   * Ends the server and removes its folder. Never throws.
   *
   * @example
   * ```ts
   * const server = await startThrowawayServer()
   * await server.stop()
   * ```
   */
  stop(): Promise<void>
}

/**
 * The options of `startThrowawayServer`.
 *
 * @example
 * ```ts
 * const server = await startThrowawayServer({ system: 'mysql', args: ['--sql-mode=ANSI'] })
 * ```
 */
export interface ThrowawayServerOptions {
  /**
   * MariaDB or MySQL (default: whatever the machine has, MariaDB first).
   *
   * @example
   * ```ts
   * const server = await startThrowawayServer({ system: 'mysql' })
   * ```
   */
  readonly system?: ServerSystem
  /**
   * The path of a `mariadbd` or `mysqld` (default: found on the machine).
   *
   * @example
   * ```ts
   * const server = await startThrowawayServer({ program: '/opt/mysql/bin/mysqld' })
   * ```
   */
  readonly program?: string
  /**
   * More arguments for the server (default none).
   *
   * @example
   * ```ts
   * const server = await startThrowawayServer({ args: ['--sql-mode=ANSI'] })
   * ```
   */
  readonly args?: readonly string[]
  /**
   * Called with a line before something that takes long, such as pulling an image (default: writes to standard error).
   *
   * @example
   * ```ts
   * const server = await startThrowawayServer({ log: () => {} })
   * ```
   * @throws whatever you throw; `startThrowawayServer` then rejects with it.
   */
  readonly log?: (line: string) => void
}

// Of a busy machine: a server creates its files first.
const startTimeout = 180_000

/**
 * Starts a private server: the machine's `mariadbd` or `mysqld`, or else an image in Docker. It ends with this process, even after
 * Ctrl-C, a crash or kill -9, and does not keep the process alive.
 *
 * @example
 * ```ts
 * import { createDatabase } from 'kysely-lookup'
 *
 * await using server = await startThrowawayServer()
 * const db = createDatabase<DB>({ uri: `${server.url}mysql` })
 * ```
 * @throws ConfigurationError if there is no server on this machine and no running Docker, or if the server does not start.
 */
export async function startThrowawayServer(options: ThrowawayServerOptions = {}): Promise<ThrowawayServer> {
  const { system, args = [], log = (line: string) => console.error(line) } = options
  const program = options.program
    ? await identifyServerProgram(options.program)
    : await findServerProgram({ system })
  if (program) return startProgram({ program, args })
  if (await dockerIsRunning()) return startContainer({ system: system ?? 'mariadb', args, log })
  const [programs, packages] =
    system === 'mysql'
      ? ['mysqld', 'the package mysql-server']
      : ['mariadbd or mysqld', 'MariaDB (on Debian and Ubuntu the package mariadb-server-core) or MySQL']
  throw new ConfigurationError({
    kind: 'server',
    problem: `startThrowawayServer: expected a database server on this machine, found no ${programs} and no running Docker`,
    fix: `Install ${packages}, or start Docker, or use a server that you have: createTestDatabase({ server: 'mysql://user:password@host:3306/' }).`,
  })
}

async function startProgram(options: {
  readonly program: ServerProgram
  readonly args: readonly string[]
}): Promise<ThrowawayServer> {
  const { program, args } = options
  for (let attempt = 1; ; attempt++) {
    const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-server-'))
    const password = randomBytes(12).toString('hex')
    const port = await freePort()
    const commands = await Promise.all([
      initializeCommand({ program, folder, args }),
      serveCommand({ program, folder, args, port, password }),
    ]).catch(async (error) => {
      await rm(folder, { recursive: true, force: true })
      throw error
    })
    const server = startSupervisedProcess({ folder, commands })
    try {
      await readiness(server)
      const pid = Number(await readFile(join(folder, 'server.pid'), 'utf8'))
      return await throwawayServer({ server, folder, port, password, pid })
    } catch (error) {
      await server.stop()
      // Another program may have taken the port since it was found free.
      if (attempt === 5 || !isPortConflict(server.lastLines())) throw error
    }
  }
}

async function startContainer(options: {
  readonly system: ServerSystem
  readonly args: readonly string[]
  readonly log: (line: string) => void
}): Promise<ThrowawayServer> {
  const { system, args, log } = options
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-server-'))
  const password = randomBytes(12).toString('hex')
  const name = folder.slice(folder.lastIndexOf('/') + 1)
  const { image, pull, run, remove, env } = dockerCommand({ system, name, args, password })
  log(`No mariadbd or mysqld here: starting the Docker image ${image} (pulled if it is not there).`)
  const server = startSupervisedProcess({ folder, commands: [pull, run], cleanup: remove, env })
  try {
    await readiness(server, { timeout: 4 * startTimeout }) // the image is some 100 MB
    return await throwawayServer({ server, folder, port: await publishedPort(name), password })
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function throwawayServer(options: {
  readonly server: SupervisedProcess
  readonly folder: string
  readonly port: number
  readonly password: string
  readonly pid?: number
}): Promise<ThrowawayServer> {
  const { server, folder, port, password, pid } = options
  const { system, version } = await readHandshake(port)
  server.unref()
  return {
    url: `mysql://root:${password}@127.0.0.1:${port}/`,
    system,
    version,
    ...(pid === undefined ? {} : { pid }),
    folder,
    stop: () => server.stop(),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

/** Resolves when the server says that it takes connections; its last lines are in the error if it does not. */
async function readiness(
  server: SupervisedProcess,
  options: { readonly timeout?: number } = {},
): Promise<void> {
  const { timeout = startTimeout } = options
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const fail = (problem: string) => {
    const fix = `See its last lines:\n${server.lastLines().join('\n')}`
    reject(new ConfigurationError({ kind: 'server', problem, fix }))
  }
  const timer = setTimeout(
    () => fail(`The throwaway server was not ready after ${timeout / 1000} s`),
    timeout,
  )
  // Both servers say so in one line with the port; it is 0 while Docker's images still set themselves up.
  server.onLine((line) => {
    if (/Version: '.*port: [1-9]/.test(line)) resolve()
  })
  server.ended.then(() => fail('The throwaway server ended while it was starting'), reject)
  await promise.finally(() => clearTimeout(timer))
}
