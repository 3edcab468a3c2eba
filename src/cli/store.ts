import { parseArgs } from 'node:util'
import type { StoreFile } from '../store/lmdb/store-file.ts'
import { type Command, CommandError, UsageError } from './command.ts'
import { print } from './supervision.ts'

const HELP = `Usage: kysely-lookup store show|clear --path FOLDER

Shows what an lmdb store holds, or clears it. Processes may have it open. Shows no keys and no values.

  show             the size of its file, and for each table and version how many entries there are and when they were last used
  clear            forgets all entries
  --path FOLDER    the path that lmdbStore has
  -h, --help       this text

Needs the package lmdb, and the rights of the service's user.
`

/** `kysely-lookup store` */
export const store: Command = {
  name: 'store',
  summary: 'shows what an lmdb store holds, or clears it',
  help: HELP,
  async run(args) {
    const options = { path: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [action, ...others] = positionals
    if (others.length > 0 || (action !== 'show' && action !== 'clear')) {
      throw new UsageError(`expected show or clear, got ${positionals.join(' ') || 'neither'}`)
    }
    const { path } = values
    if (path === undefined) throw new UsageError('--path is missing')
    const { readStoreFile, clearStoreFile } = await loadStoreFile()
    if (action === 'show') await print(describe(await readStoreFile(path)))
    else {
      await clearStoreFile(path)
      await print(`${path}: cleared\n`)
    }
    return 0
  },
}

async function loadStoreFile() {
  try {
    return await import('../store/lmdb/store-file.ts')
  } catch (cause) {
    throw new CommandError('the package lmdb cannot be loaded', { fix: 'npm install lmdb', cause })
  }
}

function describe({ path, sizes, namespaces }: StoreFile): string {
  const lines = namespaces.map(({ database, table, address, entries, usedAt }) => {
    const used = new Date(usedAt).toISOString()
    return `${database}.${table}, version ${address.slice(0, 12)}: ${entries} entries, last used ${used}`
  })
  return `${[`${path}: ${megabytes(sizes.file)} MB, of which entries take ${megabytes(sizes.used)}`, ...lines].join('\n')}\n`
}

function megabytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1)
}
