import { statSync } from 'node:fs'
import type { Environment } from './environment.ts'
import type { StoreFolder } from './folder.ts'
import { openSafely } from './safe-opening.ts'
import { createSpace, type Space } from './space.ts'

/** An open file and what belongs to it. */
export interface OpenFile {
  readonly path: string
  readonly environment: Environment
  readonly space: Space
  readonly readOnly: boolean
  /** Tells it from another one of the name. */
  readonly inode: number
  /** When (by `performance.now`) a write failed: as a rule the next one would too. */
  failedAt: number | undefined
}

/** How often another file is made at once; somebody may be deleting them. */
const RENEWALS = 3

/**
 * Opens the file of a folder, or another one in the place of a broken one, and says whether it did that.
 *
 * @throws an error that says why there is none.
 */
export async function openFile(
  folder: StoreFolder,
  { maxBytes }: { readonly maxBytes: number },
): Promise<{ readonly file: OpenFile; readonly isRenewed: boolean }> {
  const { readOnly } = folder
  for (let tries = 0; ; tries++) {
    const data = folder.dataFile()
    const { path } = data
    const { found, opened } = await openSafely(folder, data)
    if (found === 'held') throw new Error('a process is stopped while it writes to the file')
    if (found === 'cannot') throw new Error('the file cannot be opened')
    if (opened) {
      const space = createSpace(opened.environment, maxBytes)
      return { file: { path, ...opened, space, readOnly, failedAt: undefined }, isRenewed: tries > 0 }
    }
    if (tries >= RENEWALS || readOnly) throw new Error('the file is broken')
    folder.renew(path)
  }
}

/** Not where it was deleted, replaced, or cut short: a page that is not there any more would end the process. */
export function isWhole({ path, environment, inode }: OpenFile, folder: StoreFolder): boolean {
  try {
    // In this order: the file may be growing.
    const { least } = environment.sizes()
    const { size, ino } = statSync(path)
    return folder.isCurrent(path) && ino === inode && size >= least
  } catch {
    return false
  }
}
