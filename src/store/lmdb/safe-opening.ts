import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { type Environment, type EnvironmentOptions, openEnvironment } from './environment.ts'
import type { DataFile, StoreFolder } from './folder.ts'
import type { HeldFile } from './held-file.ts'
import { type ProbeResult, startProbe } from './probe.ts'

export interface SafeOpening {
  readonly found: Exclude<ProbeResult, 'unlocked'>
  /** Where it is usable. */
  readonly opened?: OpenedFile
}

interface OpenedFile {
  readonly environment: Environment
  readonly inode: number
}

/** Locks that are still destroyed then are so for everybody who has the file open. */
const TRIES = 3

/** Entries, twice, locks, the system's boot id, and one to be sure. */
const DESCRIPTORS_NEEDED = 5

/**
 * Opens a file of a folder, if that neither disturbs the processes that have it open nor blocks or ends this one. What another process
 * cannot open is not tried here: the library (3.5.6) frees the same memory twice then.
 */
export async function openSafely(folder: StoreFolder, { path, isNew }: DataFile): Promise<SafeOpening> {
  const held = folder.hold(path)
  if (!held) return { found: 'broken' }
  const options = { readOnly: folder.readOnly, gate: folder.gateOf(path) }
  try {
    if (isNew) return await openNew(held, options)
    for (let tries = 0; tries < TRIES; tries++) {
      const { found, opened } = await tryToOpen(held, options)
      if (found !== 'unlocked') return { found, opened }
    }
    return { found: 'broken' }
  } catch (error) {
    // It was deleted meanwhile.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { found: 'broken' }
    throw error
  } finally {
    held.release()
  }
}

/** Nobody has had it open, and there is nothing in it: what starting a process takes is saved. */
async function openNew(held: HeldFile, options: EnvironmentOptions): Promise<SafeOpening> {
  const opened = await options.gate.whileClosed(async () => openHeld(held, options))
  return { found: 'usable', opened }
}

async function tryToOpen(held: HeldFile, options: EnvironmentOptions) {
  const probe = startProbe(held, options)
  try {
    await probe.ready
    const open = async () => ((await probe.open()) ? openHeld(held, options) : undefined)
    const opened = await (options.readOnly ? open() : options.gate.whileClosed(open))
    const found = await probe.look()
    if (found === 'usable') return { found, opened }
    // Nothing was read of it.
    await opened?.environment.close()
    return { found }
  } finally {
    probe.end()
  }
}

function openHeld(held: HeldFile, options: EnvironmentOptions): OpenedFile {
  const { path, remove } = held.pathFor('this')
  try {
    requireDescriptors()
    return { environment: openEnvironment(path, options), inode: held.inode }
  } finally {
    remove()
  }
}

/** @throws the system's error where this process may open fewer files than the library does, which would fail halfway. */
function requireDescriptors(): void {
  const spare: number[] = []
  try {
    for (let index = 0; index < DESCRIPTORS_NEEDED; index++) spare.push(openSync(devNull, 'r'))
  } finally {
    for (const descriptor of spare) closeSync(descriptor)
  }
}
