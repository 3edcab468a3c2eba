import { open } from 'lmdb'
import type { StoreNamespace } from '../store.ts'
import type { Gate } from './gate.ts'

/** One open file of entries. Once it is being closed, it throws. */
export interface Environment {
  /** Bytes until the next call only. */
  get(address: string, key: string): Buffer | undefined
  put(address: string, key: string, value: Uint8Array): Promise<void>
  /**
   * Lets go of what was read. Pages that writes leave are not used again while somebody reads them: one look that is kept over many
   * commits makes the file outgrow its limit, and it never shrinks.
   */
  endReads(): void
  /** Removes entries by their keys, as they are in the file. */
  remove(keys: readonly Buffer[]): Promise<void>
  clear(): Promise<void>
  /** Resolves when it is closed, or will not be. */
  close(): Promise<void>
  /** Up to `limit` keys of a namespace, as they are in the file. */
  keysOf(address: string, limit: number): Buffer[]
  /** The value of a key as it is in the file. */
  valueOf(key: Buffer): Buffer | undefined
  /** How many entries a namespace has. */
  count(address: string): number
  /** Bytes that the file has at least, all in all, and of what is in it. */
  sizes(): { readonly least: number; readonly file: number; readonly used: number }
}

/** A text in the namespace that was chosen last; or the bytes that it is in the file. */
type EntryKey = string | Buffer

/** More processes and threads at a time read nothing. The library's default is 126. */
const MAX_READERS = 2_048

const ADDRESS_BYTES = 16

/** Milliseconds. A process that ends while a thread of the library still writes may crash, and on a busy machine a write takes long. */
const CLOSING_PATIENCE = 5_000

/** How many pages at the end of the file may have been left again before they were written. */
export const UNWRITTEN_PAGES = 32

/**
 * Address space, not memory, and more than a file will need. A map that is too small the library (3.5.6) makes larger while it is in use,
 * in the thread that writes and in those that read; where two do so at once, it later unmaps what belongs to others, which ends the process.
 */
const MAP_BYTES = 2 ** 38

/** What an environment is opened with, by every process alike. */
export const OPEN_OPTIONS = {
  noSubdir: true,
  mapSize: MAP_BYTES,
  maxDbs: 1,
  maxReaders: MAX_READERS,
  encoding: 'binary',
  // With it, a commit that fails (a full disk) rejects a promise that nobody has, which ends the process.
  eventTurnBatching: false,
  // Rows are read at random.
  noReadAhead: true,
} as const

/** Longer values are rare enough for a view of their own. */
const LONGEST_VIEW = 1_024

/**
 * What the library answers is a larger buffer, as a rule the same one, whose `length` says how much of it is meant. Views of it are kept by
 * their length: making one takes as long as reading a value.
 */
function createViews() {
  let whole: ArrayBufferLike | undefined
  let offset = 0
  let views: (Buffer | undefined)[] = []

  return {
    of({ buffer, byteOffset, length }: Buffer): Buffer {
      if (length > LONGEST_VIEW) return Buffer.from(buffer, byteOffset, length)
      if (buffer !== whole || byteOffset !== offset) {
        whole = buffer
        offset = byteOffset
        views = new Array(LONGEST_VIEW + 1).fill(undefined)
      }
      const known = views[length]
      if (known) return known
      const view = Buffer.from(buffer, byteOffset, length)
      views[length] = view
      return view
    },
  }
}

export interface EnvironmentOptions {
  readonly readOnly: boolean
  readonly gate: Gate
}

/** @throws the library's error where the file cannot be opened. */
export function openEnvironment(path: string, { readOnly, gate }: EnvironmentOptions): Environment {
  const prefix = Buffer.alloc(ADDRESS_BYTES)
  const views = createViews()
  const writes = createWrites(gate)
  let chosen = ''
  let isClosed = false

  /** A file that is read while the library closes it ends the process, with an error that nobody can catch. */
  function opened(): typeof db {
    if (isClosed) throw new Error('the file is closed')
    return db
  }

  function choose(address: string): void {
    if (address === chosen) return
    prefix.write(address, 'hex')
    chosen = address
  }

  function writeKey(key: EntryKey, target: Buffer, start: number): number {
    if (typeof key !== 'string') return start + key.copy(target, start)
    prefix.copy(target, start)
    let at = start + ADDRESS_BYTES
    for (let index = 0; index < key.length; index++) {
      const unit = key.charCodeAt(index)
      if (unit > 0x7f) return start + ADDRESS_BYTES + target.write(key, start + ADDRESS_BYTES, 'utf8')
      target[at++] = unit
    }
    return at
  }

  const db = open<Buffer, EntryKey>({
    ...OPEN_OPTIONS,
    path,
    readOnly,
    keyEncoder: {
      writeKey,
      readKey: (bytes: Buffer, start: number, end: number) => Buffer.from(bytes.subarray(start, end)),
    },
  } as never)

  return {
    get(address, key) {
      choose(address)
      const shared = opened().getBinaryFast(key)
      return shared && views.of(shared)
    },
    async put(address, key, value) {
      opened()
      await writes.run(() => {
        const db = opened()
        choose(address)
        return db.put(key, Buffer.isBuffer(value) ? value : Buffer.from(value))
      })
    },
    endReads: () => opened().resetReadTxn(),
    async remove(keys) {
      opened().resetReadTxn()
      await Promise.all(keys.map((key) => writes.run(() => opened().remove(key))))
    },
    async clear() {
      opened()
      await writes.run(() => opened().clearAsync())
    },
    async close() {
      if (isClosed) return
      isClosed = true
      // A thread that still writes would do so in memory that was freed.
      const isIdle = await withinPatience(writes.ended())
      gate.rest()
      if (isIdle) await withinPatience(db.close().catch(() => {}))
    },
    keysOf: (address, limit) => [...opened().getKeys({ ...rangeOf(address), limit })] as Buffer[],
    valueOf: (key) => opened().getBinary(key),
    count: (address) => opened().getKeysCount(rangeOf(address)),
    sizes() {
      const { pageSize, lastPageNumber, ...pages } = opened().getStats() as Record<string, number>
      const used = pages.treeBranchPageCount! + pages.treeLeafPageCount! + pages.overflowPages!
      const file = (lastPageNumber! + 1) * pageSize!
      return { least: file - UNWRITTEN_PAGES * pageSize!, file, used: used * pageSize! }
    },
  }
}

function rangeOf(address: string): { readonly start: Buffer; readonly end: Buffer } {
  const start = Buffer.from(address, 'hex')
  return { start, end: Buffer.concat([start, Buffer.alloc(1, 0xff)]) }
}

/** After a commit that has failed, the library waits for its end when it closes the file. Returns whether it has ended in time. */
async function withinPatience(ending: Promise<unknown>): Promise<boolean> {
  const patience = Promise.withResolvers<false>()
  const timer = setTimeout(() => patience.resolve(false), CLOSING_PATIENCE)
  const isEnded = await Promise.race([ending.then(() => true), patience.promise])
  clearTimeout(timer)
  return isEnded
}

interface Writes {
  /** Rejects as the write does. */
  run(write: () => Promise<unknown>): Promise<void>
  /** Resolves when none is under way any more. */
  ended(): Promise<void>
}

function createWrites(gate: Gate): Writes {
  let count = 0
  let last: PromiseWithResolvers<void> | undefined

  async function runInside(write: () => Promise<unknown>): Promise<void> {
    const entering = gate.enter()
    if (entering) await entering
    try {
      await write()
    } catch (error) {
      // An error of a failed commit has a promise that is rejected too: unheard, it would end the process.
      const { commitError } = error as { readonly commitError?: Promise<never> }
      commitError?.catch(() => {})
      throw error
    } finally {
      gate.leave()
    }
  }

  return {
    async run(write) {
      count++
      try {
        await runInside(write)
      } finally {
        if (--count === 0) last?.resolve()
      }
    },
    async ended() {
      if (count === 0) return
      last ??= Promise.withResolvers()
      await last.promise
    },
  }
}

/** The namespace of what a store says of its namespaces. */
export const DIRECTORY: StoreNamespace = { database: '', table: '', address: '0'.repeat(2 * ADDRESS_BYTES) }
