import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { ServerSystem } from '../../database/server-version.ts'
import { ConfigurationError } from '../../errors.ts'
import type { Command } from './supervised-process.ts'

const images = { mariadb: 'mariadb:11', mysql: 'mysql:9' } as const

/** Whether a Docker daemon answers; that the command exists is not enough. */
export function dockerIsRunning(): Promise<boolean> {
  return promisify(execFile)('docker', ['info'], { timeout: 20_000 }).then(
    () => true,
    () => false,
  )
}

/** The commands of a server's container, which has a name, listens on 127.0.0.1 only, and leaves nothing behind. */
export function dockerCommand(options: {
  readonly system: ServerSystem
  readonly name: string
  readonly args: readonly string[]
  readonly password: string
}): { image: string; pull: Command; run: Command; remove: readonly string[]; env: NodeJS.ProcessEnv } {
  const { system, name, args, password } = options
  const image = images[system]
  const variable = system === 'mariadb' ? 'MARIADB_ROOT_PASSWORD' : 'MYSQL_ROOT_PASSWORD'
  const run = [
    ...['docker', 'run', '--rm', '--name', name, '--publish', '127.0.0.1::3306'],
    // The password goes through the environment, because every user of the machine can see arguments.
    ...['--env', variable, image],
    ...['--skip-name-resolve', '--skip-log-bin', '--innodb-flush-log-at-trx-commit=0'],
    ...['--innodb-doublewrite=OFF', '--character-set-server=utf8mb4', '--default-time-zone=+00:00'],
    ...(system === 'mysql' ? ['--mysqlx=OFF'] : []),
    ...args,
  ]
  // An existing image is used as it is, so that no network is needed.
  const pull = ['sh', '-c', 'docker image inspect "$1" >/dev/null 2>&1 || docker pull "$1"', 'sh', image]
  return {
    image,
    pull: { argv: pull },
    run: { argv: run },
    remove: ['docker', 'rm', '--force', '--volumes', name],
    env: { ...process.env, [variable]: password },
  }
}

/** The port on 127.0.0.1 that Docker gave to a container's server. */
export async function publishedPort(name: string): Promise<number> {
  const { stdout } = await promisify(execFile)('docker', ['port', name, '3306/tcp'])
  const port = /127\.0\.0\.1:(\d+)/.exec(stdout)?.[1]
  if (port === undefined) {
    throw new ConfigurationError({
      kind: 'server',
      problem: `Expected Docker to publish the port of ${name} on 127.0.0.1, got: ${stdout.trim()}`,
      fix: 'Let Docker publish ports on 127.0.0.1, or use a server that you have.',
    })
  }
  return Number(port)
}
