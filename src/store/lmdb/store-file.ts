import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigurationError } from '../../errors.ts'
import { openFolder } from './folder.ts'
import { openSafely } from './safe-opening.ts'
import { createSpace, type NamespaceUse } from './space.ts'

/** The file of a store, for whoever looks after it. Processes may have it open. */
export interface StoreFile {
  readonly path: string
  /** Bytes that it has, and that entries take of them. */
  readonly sizes: { readonly file: number; readonly used: number }
  /** What is in it, the one used last first. */
  readonly namespaces: readonly (NamespaceUse & { readonly entries: number })[]
}

/**
 * Looks into the store of a folder.
 *
 * @throws ConfigurationError if there is none, or it cannot be read.
 */
export async function readStoreFile(path: string): Promise<StoreFile> {
  const { file, environment } = await openFile(path)
  if (!environment) throw unusable(`the file ${file} is broken`, 'Clear the store, or delete its folder.')
  try {
    const namespaces = createSpace(environment, Number.MAX_SAFE_INTEGER)
      .namespaces()
      .map((one) => ({ ...one, entries: environment.count(one.address) }))
      .sort((one, other) => other.usedAt - one.usedAt)
    return { path: file, sizes: environment.sizes(), namespaces }
  } finally {
    await environment.close()
  }
}

/**
 * Forgets everything in the store of a folder.
 *
 * @throws ConfigurationError if there is none, or it cannot be written.
 */
export async function clearStoreFile(path: string): Promise<void> {
  const { file, folder, environment } = await openFile(path)
  if (folder.readOnly) {
    await environment?.close()
    throw unusable(`the folder ${path} cannot be written to`, "Run the command as the service's user.")
  }
  // Processes that have a broken file open notice, and open another one.
  if (!environment) return folder.renew(file)
  try {
    await environment.clear()
  } finally {
    await environment.close()
  }
}

/** Without an environment where the file is broken. */
async function openFile(path: string) {
  if (!existsSync(join(path, 'current'))) {
    throw unusable(`there is no store in ${path}`, 'Pass the path that lmdbStore has.')
  }
  const folder = openFolder(path)
  const data = folder.dataFile()
  const { path: file } = data
  const { found, opened } = await openSafely(folder, data)
  if (found === 'held')
    throw unusable(`a process is stopped while it writes to ${file}`, 'Continue or end it.')
  if (found === 'cannot')
    throw unusable(`the file ${file} cannot be opened`, "Run the command as the service's user.")
  return { file, folder, environment: opened?.environment }
}

function unusable(problem: string, fix: string): ConfigurationError {
  return new ConfigurationError({ kind: 'option', problem, fix })
}
