import { accessSync, constants, statSync } from 'node:fs'
import { ConfigurationError } from '../../errors.ts'

const OTHERS_MAY_WRITE = 0o022

/** @throws ConfigurationError for a folder that others may write to. */
export function refuseForeign(path: string): void {
  const { uid, mode } = statSync(path)
  const own = process.getuid?.()
  // Windows has other rights, which a mode does not show.
  if (own === undefined) return
  // Root may write everywhere anyway: a folder that came with an image is its own.
  if (uid !== own && uid !== 0) throw refusedFolder(path, `belongs to another user (${uid})`)
  if ((mode & OTHERS_MAY_WRITE) !== 0)
    throw refusedFolder(path, `may be written to by others (mode ${(mode & 0o777).toString(8)})`)
}

function refusedFolder(path: string, what: string): ConfigurationError {
  return new ConfigurationError({
    kind: 'option',
    problem: `lmdbStore: the folder ${path} ${what}, who could put rows into it`,
    fix: 'Give it a folder of its own, with mode 700: it makes one that does not exist.',
  })
}

export function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
