import { dockerIsRunning } from '../../src/testing/server/docker-container.ts'
import { findServerProgram } from '../../src/testing/server/server-program.ts'
import {
  startThrowawayServer,
  type ThrowawayServer,
  type ThrowawayServerOptions,
} from '../../src/testing/server/throwaway-server.ts'
import { canInstallPackages, installPackage } from './debian-package.ts'

/**
 * A throwaway server for the project's own commands, which have to work on a machine that has Node alone: as root on
 * Debian or Ubuntu the server's package is installed first. Users of the library are only told what to install.
 */
export async function startEmbeddedServer(
  options: Pick<ThrowawayServerOptions, 'log'> = {},
): Promise<ThrowawayServer> {
  const { log = (line: string) => console.error(line) } = options
  const found = (await findServerProgram()) !== undefined || (await dockerIsRunning())
  if (!found && (await canInstallPackages())) {
    await installPackage({
      // The program without the package that would start a server of the host.
      pattern: '^mariadb-server-core(-[0-9.]+)?$',
      name: 'mariadb-server-core',
      why: 'No mariadbd or mysqld and no running Docker here',
      log,
    })
  }
  return await startThrowawayServer({ log }).catch((cause: Error) => {
    throw new Error(`${cause.message} DATABASE_URL names a server to use in its place.`, { cause })
  })
}
