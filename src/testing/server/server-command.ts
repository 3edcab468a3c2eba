import { mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ConfigurationError } from '../../errors.ts'
import type { ServerProgram } from './server-program.ts'
import type { Command } from './supervised-process.ts'

interface ServerCommandOptions {
  readonly program: ServerProgram
  /** The folder for all files of the server. */
  readonly folder: string
  readonly args: readonly string[]
}

/** Settings with which a data folder is created, and which it keeps. */
const OF_DATA_FOLDER = /^--(lower[-_]case[-_]table[-_]names|innodb[-_]page[-_]size)\b/

/** The command that creates the data folder of a new server. */
export async function initializeCommand(options: ServerCommandOptions): Promise<Command> {
  const { program, folder } = options
  const args = options.args.filter((argument) => OF_DATA_FOLDER.test(argument))
  if (program.system === 'mysql') {
    return { argv: [...serverArguments(options), ...args, '--initialize-insecure'] }
  }
  await mkdir(join(folder, 'data')) // MySQL creates it itself
  const input = join(folder, 'bootstrap.sql')
  await writeFile(input, await bootstrapStatements(program))
  return { argv: [...serverArguments(options), ...args, '--bootstrap'], input }
}

/** The command that runs the server on a port of the loopback interface, with `root` and its password. */
export async function serveCommand(
  options: ServerCommandOptions & { readonly port: number; readonly password: string },
): Promise<Command> {
  const { program, folder, port, password } = options
  const initFile = join(folder, 'init.sql')
  // Host names are not resolved, so root over TCP is root@127.0.0.1. The servers expect one statement per line.
  const statements = [
    `create user if not exists root@'127.0.0.1';`,
    `alter user root@'127.0.0.1' identified by '${password}';`,
    `alter user root@localhost identified by '${password}';`,
    `grant all on *.* to root@'127.0.0.1' with grant option;`,
  ]
  await writeFile(initFile, `${statements.join('\n')}\n`)
  return {
    argv: [
      ...serverArguments(options),
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      '--socket=server.sock', // in the data folder; a long path would not fit into a socket's name
      `--pid-file=${join(folder, 'server.pid')}`,
      `--init-file=${initFile}`,
      ...(program.system === 'mysql' ? ['--mysqlx=OFF'] : []),
      ...options.args,
    ],
  }
}

/** The data need not survive a crash of the machine. */
function serverArguments(options: ServerCommandOptions): string[] {
  const { program, folder } = options
  return [
    program.path,
    '--no-defaults', // must come first, so that the configuration of the host's own server is not read
    ...(process.getuid?.() === 0 ? ['--user=root'] : []),
    `--datadir=${join(folder, 'data')}`,
    `--tmpdir=${folder}`,
    '--skip-name-resolve',
    '--skip-log-bin',
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-doublewrite=OFF',
    '--character-set-server=utf8mb4',
    '--default-time-zone=+00:00',
    // The default folder of MySQL's packages may be missing, or belong to another user.
    ...(program.system === 'mysql' ? ['--secure-file-priv=NULL'] : []),
  ]
}

/**
 * What mariadb-install-db feeds to a server, without the 0.5 MB of help texts. The script itself is
 * not used: it needs a program (my_print_defaults) that Debian has in another package.
 */
async function bootstrapStatements(program: ServerProgram): Promise<string> {
  const folder = await scriptFolder(program)
  // MariaDB 11 renamed some of them.
  const scripts = [
    ['mysql_system_tables.sql', 'mariadb_system_tables.sql'],
    ['mysql_performance_tables.sql', 'mariadb_performance_tables.sql'],
    ['mysql_system_tables_data.sql', 'mariadb_system_tables_data.sql'],
    ['maria_add_gis_sp_bootstrap.sql'],
    ['mysql_sys_schema.sql', 'mariadb_sys_schema.sql'],
  ]
  const texts = await Promise.all(
    scripts.map((names) =>
      Promise.any(names.map((name) => readFile(join(folder, name), 'utf8'))).catch((cause) => {
        throw new ConfigurationError({
          kind: 'server',
          problem: `Expected MariaDB's ${names.join(' or ')} in ${folder}, beside ${program.path}`,
          fix: 'Install the whole server package.',
          cause,
        })
      }),
    ),
  )
  return ['create database mysql;', 'use mysql;', 'set @auth_root_socket = null;', ...texts, ''].join('\n')
}

/** Where the server's package keeps its SQL scripts: prefix/share/mysql for prefix/sbin/mariadbd. */
async function scriptFolder(program: ServerProgram): Promise<string> {
  const prefix = dirname(dirname(await realpath(program.path)))
  const folders = ['share/mysql', 'share/mariadb', 'share'].map((name) => join(prefix, name))
  for (const folder of folders) {
    const found = await stat(join(folder, 'maria_add_gis_sp_bootstrap.sql')).catch(() => undefined)
    if (found) return folder
  }
  throw new ConfigurationError({
    kind: 'server',
    problem: `Expected MariaDB's SQL scripts in ${folders.join(' or ')}, as ${program.path} is there`,
    fix: 'Install the whole server package.',
  })
}
