import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  statSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * The two files of a store, entries and locks, as they were when it was held. Who opens it has those two, whatever becomes of their names
 * meanwhile. Opened by its name, a file that was just deleted
 *
 * - is made anew by LMDB, and processes that have the entries in common but not the locks write into each other's pages;
 * - or is not found, and what the `lmdb` package does then (3.5.6 frees the same memory twice) ends the process some time later.
 */
export interface HeldFile {
  /** Tells it from another one of the name. */
  readonly inode: number
  /** What a process that is to open it inherits, from 3 on. */
  readonly descriptors: readonly number[]
  /** A path to open it by: in this process, or in one that inherits the descriptors. */
  pathFor(process: 'this' | 'heir'): OpeningPath
  /** Lets go of it. What was opened stays open. */
  release(): void
}

/** Is of use only while the file is being opened. */
export interface OpeningPath {
  readonly path: string
  remove(): void
}

/**
 * `O_PATH` of Linux. Such a descriptor is closed without harm: closing any other one of a file ends the locks that the process has on it
 * (fcntl(2)).
 */
const AS_PATH = 0o10000000

const DESCRIPTORS = '/proc/self/fd'
const PREFIX = 'kysely-lookup-opening-'
const OLD_FOLDER = 60_000
/** After its input and output. */
const INHERITED = [3, 4]

/**
 * Where nothing is written, the locks may be missing.
 *
 * @throws the system's error where one of the two is not there.
 */
export function holdFile(file: string, { readOnly }: { readonly readOnly: boolean }): HeldFile {
  if (!existsSync(DESCRIPTORS)) return namedFile(file)
  const parts = readOnly && !existsSync(lockOf(file)) ? [file] : [file, lockOf(file)]
  const descriptors: number[] = []
  const release = () => {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
  try {
    for (const part of parts) descriptors.push(openSync(part, AS_PATH))
  } catch (error) {
    release()
    throw error
  }
  return {
    inode: fstatSync(descriptors[0]!).ino,
    descriptors,
    pathFor(process) {
      if (process === 'this') return createPath(file, descriptors)
      // Once for each opening is enough: there may be many files.
      for (const parent of parentsOf(file)) ignoringErrors(() => sweep(parent))
      return createPath(file, INHERITED.slice(0, descriptors.length))
    },
    release,
  }
}

function namedFile(path: string): HeldFile {
  return { inode: statSync(path).ino, descriptors: [], pathFor: () => byName(path), release() {} }
}

function byName(path: string): OpeningPath {
  return { path, remove() {} }
}

/** In a folder of its own, for LMDB finds the locks by the name of the entries. */
function createPath(file: string, descriptors: readonly number[]): OpeningPath {
  const folder = createFolder(file)
  if (folder === undefined) return byName(file)
  const path = join(folder, 'data.mdb')
  const remove = () => removeFolder(folder)
  try {
    for (const [index, descriptor] of descriptors.entries()) {
      symlinkSync(join(DESCRIPTORS, String(descriptor)), index === 0 ? path : lockOf(path))
    }
    return { path, remove }
  } catch (error) {
    remove()
    throw error
  }
}

/** Without a descriptor, as `rmSync` needs: there may be none. */
function removeFolder(folder: string): void {
  for (const name of ['data.mdb', lockOf('data.mdb')]) ignoringErrors(() => unlinkSync(join(folder, name)))
  ignoringErrors(() => rmdirSync(folder))
}

/** What is left is swept later. */
function ignoringErrors(work: () => void): void {
  try {
    work()
  } catch {
    // It is gone, or is another one's.
  }
}

/** Where to make a folder: where nobody deletes it meanwhile, if possible. */
function parentsOf(file: string): readonly string[] {
  return [tmpdir(), dirname(file)]
}

function createFolder(file: string): string | undefined {
  for (const parent of parentsOf(file)) {
    try {
      return mkdtempSync(join(parent, PREFIX))
    } catch {
      // Nothing can be written there.
    }
  }
  return undefined
}

/** What processes left behind that were killed. */
function sweep(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(parent, name)
    const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs
    if (made !== undefined && Date.now() - made > OLD_FOLDER) removeFolder(folder)
  }
}

function lockOf(file: string): string {
  return `${file}-lock`
}
