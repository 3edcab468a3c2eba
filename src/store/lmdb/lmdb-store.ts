import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { publish, storeChannel } from '../../diagnostics/channels.ts'
import type { StoreMessage } from '../../diagnostics/messages.ts'
import { ConfigurationError } from '../../errors.ts'
import type { Store, StoreEntry, StoreNamespace } from '../store.ts'
import { openFolder, type StoreFolder } from './folder.ts'
import { isWhole, type OpenFile, openFile } from './open-file.ts'
import { type LmdbStoreOptions, resolveLmdbOptions } from './options.ts'

/** How often (ms) the file is looked after: whether it is still there and whole, or whether one works now that did not. */
const CARE_INTERVAL = 1_000
const RETRY_INTERVAL = 30_000

/** How long (ms) reads and writes wait for a file that is being opened: a process that is stopped may keep it. */
const OPENING_PATIENCE = 2_000

/** How many entries wait to be written at most: another process that is stopped while it writes keeps everybody waiting. */
const MAX_PENDING = 1_000

/**
 * Keeps rows in a memory-mapped file (LMDB) for all processes and worker threads of this machine, and for the next start.
 * `findByKey`, `findByKeys`, `findAllBy`, `all` and `peek` read it at once, without a batch.
 *
 * @example
 * ```ts
 * const store = lmdbStore({ path: '/var/cache/shop/lookups' })
 * const repos = createRepositories({ db, tables, cache: { country: 'versioned' }, store })
 * ```
 * @throws ConfigurationError if an option cannot work, or others may write to the folder. Whatever else is wrong with the folder or its
 * file, the service runs on without the store: see the channel `kysely-lookup:store`.
 */
export function lmdbStore(options: LmdbStoreOptions): Store {
  const { path, maxBytes, maxAge } = resolveLmdbOptions(options)
  let folder: StoreFolder | undefined
  let file: OpenFile | undefined
  let pending = 0
  let isClosed = false
  let isFull = false
  let said: StoreMessage['state'] | undefined
  let triedAt = 0
  // Made in a request, timers would hold on to it.
  const outsideRequests = AsyncLocalStorage.snapshot()
  let opening: Promise<void> | undefined
  let awaited: Promise<void> | undefined

  function say(state: StoreMessage['state'], problem?: string): void {
    // It is tried again and again.
    const isKnown = state === 'unavailable' && said === state
    said = state
    if (isKnown) return
    publish(storeChannel, () => ({ store: 'lmdb', state, ...(problem !== undefined && { problem }) }))
  }

  try {
    folder = openFolder(path)
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    // The same is found, and said, when it is opened.
  }
  const timer = outsideRequests(() => setInterval(takeCare, CARE_INTERVAL).unref())
  /** What is asked at once waits for the file; later on, nobody waits for one that is opened again. */
  const opened = begin(open)

  /** Resolves when the file is open, or cannot be, or that takes too long. */
  function begin(work: () => Promise<void>): Promise<void> {
    const started = outsideRequests(work).finally(() => {
      opening = undefined
      awaited = undefined
    })
    opening = started
    awaited = Promise.race([
      started,
      outsideRequests(() => pause(OPENING_PATIENCE, undefined, { ref: false })),
    ])
    return awaited
  }

  async function open(): Promise<void> {
    triedAt = performance.now()
    try {
      // It may have been deleted too.
      folder = openFolder(path)
      const { file: found, isRenewed } = await openFile(folder, { maxBytes })
      file = found
      if (!found.readOnly) found.space.forgetOlder(maxAge).catch(() => {})
      if (isClosed) await found.environment.close()
      else say(isRenewed ? 'renewed' : 'open')
    } catch (error) {
      file = undefined
      // System errors name files, and never what is in them.
      if (!isClosed) say('unavailable', (error as Error).message)
    }
  }

  function takeCare(): void {
    if (isClosed || opening) return
    if (file) {
      if (!isWhole(file, folder!)) begin(openAnother)
    } else if (isDue(triedAt)) begin(open)
  }

  function isDue(since: number): boolean {
    return performance.now() - since >= RETRY_INTERVAL
  }

  /** In the place of the one that is open, for everybody. */
  async function openAnother(): Promise<void> {
    const left = file
    file = undefined
    if (left) folder?.renew(left.path)
    await left?.environment.close()
    await open()
  }

  function readNow({ address }: StoreNamespace, key: string): Uint8Array | undefined {
    return file?.environment.get(address, key)
  }

  return {
    name: 'lmdb',
    maxAge,
    async ready() {
      await opening
    },
    readNow,
    async read(namespace, keys) {
      await opened
      file?.environment.endReads()
      if (file && !file.readOnly) file.space.touch(namespace)
      return keys.map((key) => {
        const value = readNow(namespace, key)
        return value && Buffer.from(value)
      })
    },
    async write(namespace, entries) {
      await awaited
      if (!file || file.readOnly || (file.failedAt !== undefined && !isDue(file.failedAt))) return
      if (entries.length === 0 || pending + entries.length > MAX_PENDING) return
      pending += entries.length
      try {
        await writeEntries(file, namespace, entries)
      } finally {
        pending -= entries.length
      }
    },
    async claim({ address }, name, lifetime) {
      return folder?.claim(`${address} ${name}`, lifetime) ?? true
    },
    async forget(namespace) {
      await opening
      const open = file
      if (!open || open.readOnly) return
      try {
        if (namespace) await open.space.forget(namespace)
        else await open.environment.clear()
        open.environment.endReads()
      } catch (error) {
        // What was in a file that was left meanwhile is forgotten with it.
        if (file === open) throw error
      }
    },
    machine: {
      get: (name) => folder?.records.get(name),
      async put(name, text) {
        await folder?.records.put(name, text)
      },
    },
    async close() {
      if (isClosed) return
      isClosed = true
      clearInterval(timer)
      await opening
      const left = file
      file = undefined
      await left?.environment.close()
    },
  }

  async function writeEntries(
    open: OpenFile,
    namespace: StoreNamespace,
    entries: readonly StoreEntry[],
  ): Promise<void> {
    const { environment, space } = open
    if (!(await space.makeRoom(namespace, entries))) {
      if (!isFull) say('full', 'maxBytes leaves no room, and nothing else can be forgotten')
      isFull = true
      return
    }
    space.touch(namespace)
    environment.endReads()
    try {
      await Promise.all(entries.map(({ key, value }) => environment.put(namespace.address, key, value)))
      isFull = false
    } catch (error) {
      // What was for a file that was left, or deleted, is left too.
      if (file !== open || (error as NodeJS.ErrnoException).code === 'ENOENT') return
      open.failedAt = performance.now()
      if (!isFull) say('full', 'the file cannot be written: is the disk full?')
      isFull = true
      throw error
    }
  }
}
