import { type Environment, openEnvironment } from './environment.ts'
import type { StoreFolder } from './folder.ts'
import type { HeldFile } from './held-file.ts'
import { type Probe, type ProbeResult, startProbe } from './probe.ts'

export interface SafeOpening {
  readonly found: ProbeResult
  /** Where it is usable. */
  readonly opened?: OpenedFile
}

interface OpenedFile {
  readonly environment: Environment
  readonly inode: number
}

/**
 * Opens a file of a folder, if that neither disturbs the processes that have it open nor blocks or ends this one. What another process
 * cannot open is not tried here: the library (3.5.6) frees the same memory twice then.
 */
export async function openSafely(folder: StoreFolder, path: string): Promise<SafeOpening> {
  const held = folder.hold(path)
  if (!held) return { found: 'broken' }
  let probe: Probe | undefined
  try {
    probe = startProbe(held, folder)
    return await openAfter(probe, held, folder)
  } finally {
    probe?.end()
    held.release()
  }
}

async function openAfter(probe: Probe, held: HeldFile, folder: StoreFolder): Promise<SafeOpening> {
  await probe.ready
  const open = async () => ((await probe.open()) ? openHeld(held, folder) : undefined)
  const opened = await (folder.readOnly ? open() : folder.gate.whileClosed(open))
  const found = await probe.result
  if (found === 'usable' && opened) return { found, opened }
  // Nothing was read of it.
  await opened?.environment.close()
  return { found: found === 'usable' ? 'cannot' : found }
}

function openHeld(held: HeldFile, { readOnly, gate }: StoreFolder): OpenedFile {
  const { path, remove } = held.pathFor('this')
  try {
    return { environment: openEnvironment(path, { readOnly, gate }), inode: held.inode }
  } finally {
    remove()
  }
}
