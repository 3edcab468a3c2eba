import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { parseServerVersion, type ServerSystem } from '../../database/server-version.ts'
import { ConfigurationError } from '../../errors.ts'

/** A database server's program on this machine. */
export interface ServerProgram {
  readonly path: string
  readonly system: ServerSystem
  readonly version: string
}

/** Folders where packages install servers. They are often not on a normal user's path. */
const systemFolders = [
  '/usr/local/sbin',
  '/usr/sbin',
  '/usr/libexec',
  '/usr/local/mysql/bin',
  '/usr/local/libexec',
]

/**
 * The server program of the machine: a `mariadbd` before a `mysqld`.
 * A MySQL below /opt belongs to another installation, so it is used only if MySQL is asked for.
 */
export async function findServerProgram(
  options: { system?: ServerSystem } = {},
): Promise<ServerProgram | undefined> {
  const { system } = options
  const names = system === 'mysql' ? ['mysqld'] : ['mariadbd', 'mysqld']
  const optFolders = system === 'mysql' ? await mysqlFoldersBelowOpt() : []
  for (const name of names) {
    for (const path of await findPrograms(name, optFolders)) {
      // On Debian mysqld may be another name for mariadbd, so the program itself is asked.
      const program = await identifyServerProgram(path).catch(() => undefined)
      if (program && (system === undefined || program.system === system)) return program
    }
  }
  return undefined
}

/** Asks a server program what it is. */
export async function identifyServerProgram(path: string): Promise<ServerProgram> {
  const failed = (cause?: unknown) =>
    new ConfigurationError({
      kind: 'server',
      problem: `Expected a mariadbd or mysqld at ${path}, but "${path} --version" does not name one`,
      fix: "Give the path of a server's program.",
      cause,
    })
  const { stdout } = await promisify(execFile)(path, ['--no-defaults', '--version']).catch((error) => {
    throw failed(error)
  })
  const [, said = ''] = /\bVer (\d.*)/.exec(stdout) ?? []
  const { system, version } = parseServerVersion(said)
  if (version === '') throw failed()
  return { path, system, version }
}

/** The first of these programs on the path or in the system's folders. */
export async function findProgram(names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const [path] = await findPrograms(name, [])
    if (path !== undefined) return path
  }
  return undefined
}

async function findPrograms(name: string, moreFolders: readonly string[]): Promise<string[]> {
  const onPath = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const found: string[] = []
  for (const folder of new Set([...onPath, ...systemFolders, ...moreFolders])) {
    const path = join(folder, name)
    const executable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (executable) found.push(path)
  }
  return found
}

async function mysqlFoldersBelowOpt(): Promise<string[]> {
  const entries = await readdir('/opt').catch(() => [])
  return entries.filter((entry) => entry.startsWith('mysql')).map((entry) => join('/opt', entry, 'bin'))
}
