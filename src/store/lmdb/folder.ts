import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MachineRecords } from '../store.ts'
import { mayWrite, refuseForeign } from './folder-rights.ts'
import { createGate, type Gate } from './gate.ts'
import { type HeldFile, holdFile } from './held-file.ts'

/** The folder of a store. Everything in it is for its user alone. */
export interface StoreFolder {
  readonly path: string
  /** Whether nothing can be written into it. */
  readonly readOnly: boolean
  /** The file with the entries; made, empty, if there is none. The same for all processes. */
  dataFile(): DataFile
  /** Undefined where it is not whole: one of its two files was deleted. */
  hold(file: string): HeldFile | undefined
  /** What keeps writes to the file and openings of it apart. */
  gateOf(file: string): Gate
  /** Gives up the file, for all processes: another one takes its place. */
  renew(broken: string): void
  /** Whether the file still is the one that all processes use. */
  isCurrent(file: string): boolean
  claim(name: string, lifetime: number): boolean
  readonly records: MachineRecords
}

export interface DataFile {
  readonly path: string
  /** This process has just made it. */
  readonly isNew: boolean
}

const CURRENT = 'current'

/** For 2,048 readers. */
const LOCK_BYTES = 2_048 * 64 + 4_096
/** Bytes that there has to be room for. */
const FIRST_PAGES = 65_536
const OWN_FILE = 0o600

/**
 * Types of file systems whose locks and mappings may not reach other machines: NFS, SMB (three), 9P, AFS, Ceph, Lustre, GPFS, OCFS2,
 * GFS2, BeeGFS, and what a program serves (FUSE), such as sshfs.
 */
const NETWORK_FILE_SYSTEMS = new Set([
  ...[0x6969, 0xff534d42, 0xfe534d42, 0x517b, 0x01021997, 0x5346414f, 0x00c36400],
  ...[0x0bd00bd0, 0x47504653, 0x7461636f, 0x01161970, 0x19830326, 0x65735546],
])

/** Claims and records are of use for seconds; older files are left by processes that have ended. */
const OLD_FILE = 60_000

/**
 * @throws ConfigurationError for a folder that others may write to: they could put rows into it. Other errors say that the folder
 * cannot be used now.
 */
export function openFolder(path: string): StoreFolder {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  refuseForeign(path)
  if (NETWORK_FILE_SYSTEMS.has(statfsSync(path).type))
    throw new Error('the folder is on a network file system, or on one that a program serves (FUSE)')
  const claims = join(path, 'claims')
  const records = join(path, 'records')
  const readOnly = !mayWrite(path)
  if (!readOnly) {
    for (const folder of [claims, records]) makeFolder(folder)
    for (const folder of [claims, records]) sweep(folder)
  }

  function readCurrent(): string | undefined {
    const name = readText(join(path, CURRENT))
    return name !== undefined && /^data-[0-9a-f]{12}\.mdb$/.test(name) ? join(path, name) : undefined
  }

  function create(): string {
    const file = join(path, `data-${randomBytes(6).toString('hex')}.mdb`)
    // Made here, for the library would make them with other rights. Locks are mapped: what is mapped and cannot be had, as on a full
    // disk, ends the process.
    try {
      writeFileSync(file, Buffer.alloc(FIRST_PAGES), { mode: OWN_FILE, flag: 'ax' })
      truncateSync(file)
      writeFileSync(`${file}-lock`, Buffer.alloc(LOCK_BYTES), { mode: OWN_FILE, flag: 'ax' })
      makeFolder(gateFolderOf(file))
      return file
    } catch (error) {
      removeData(file)
      throw error
    }
  }

  return {
    path,
    readOnly,
    dataFile() {
      const known = readCurrent()
      if (known && exists(known)) return { path: known, isNew: false }
      if (known) {
        remove(join(path, CURRENT))
        removeData(known)
      }
      const file = create()
      const draft = `${file}-name`
      try {
        writeFileSync(draft, nameOf(file), { mode: OWN_FILE })
        linkSync(draft, join(path, CURRENT))
        return { path: file, isNew: true }
      } catch (error) {
        const winner = readCurrent()
        removeData(file)
        if (!winner) throw error
        return { path: winner, isNew: false }
      } finally {
        remove(draft)
      }
    },
    hold(file) {
      try {
        return holdFile(file, { readOnly })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    gateOf: (file) => createGate(gateFolderOf(file)),
    renew(broken) {
      if (readCurrent() === broken) remove(join(path, CURRENT))
      removeData(broken)
    },
    isCurrent: (file) => readCurrent() === file && exists(file),
    claim(name, lifetime) {
      if (readOnly) return true
      const file = join(claims, hashed(name))
      if (createFile(file)) return true
      const age = ageOf(file)
      if (age !== undefined && age >= 0 && age < lifetime) return false
      remove(file)
      return createFile(file)
    },
    records: {
      get: (name) => readText(join(records, hashed(name))),
      async put(name, text) {
        const file = join(records, hashed(name))
        const draft = `${file}-${randomBytes(6).toString('hex')}`
        try {
          await writeFile(draft, text, { mode: OWN_FILE })
          await rename(draft, file)
        } catch (error) {
          remove(draft)
          throw error
        }
      },
    },
  }
}

function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  chmodSync(path, 0o700)
}

function removeData(file: string): void {
  for (const name of [file, `${file}-lock`]) remove(name)
  try {
    rmSync(gateFolderOf(file), { recursive: true })
  } catch {
    // Another process was faster, or is in it still.
  }
}

function gateFolderOf(file: string): string {
  return `${file}-gate`
}

function nameOf(file: string): string {
  return file.slice(file.lastIndexOf('data-'))
}

function hashed(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32)
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

function exists(file: string): boolean {
  return ageOf(file) !== undefined
}

/** Milliseconds since it was written; undefined if there is none. */
function ageOf(file: string): number | undefined {
  try {
    return Date.now() - statSync(file).mtimeMs
  } catch {
    return undefined
  }
}

/** False where it is there already. One that cannot be made, as on a full disk, keeps nobody waiting. */
function createFile(file: string): boolean {
  try {
    closeSync(openSync(file, 'wx', OWN_FILE))
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EEXIST'
  }
}

function remove(file: string): void {
  try {
    unlinkSync(file)
  } catch {
    // Another process was faster.
  }
}

function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name)
    if ((ageOf(file) ?? 0) > OLD_FILE) remove(file)
  }
}
