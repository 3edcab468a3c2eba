import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import type { Counters } from '../diagnostics/stats.ts'
import type { Key } from '../keys/key.ts'
import type { Row } from '../rows/row.ts'
import type { Store, StoreEntry, StoreNamespace } from '../store/store.ts'
import type { TableCodec } from '../store/table-codec.ts'

/** Writes what was read of one table into the store, behind the reads. */
export interface StoreWriter {
  row(namespace: StoreNamespace, asked: Key, row: Row): void
  absence(namespace: StoreNamespace, key: Key): void
  list(namespace: StoreNamespace, key: Key, rows: readonly Row[]): void
  /** All rows of the table, each for itself, and together if they are to be found as a whole. */
  table(namespace: StoreNamespace, rows: readonly Row[], options: { readonly isWhole: boolean }): void
  /** Writes the entry of this key after all others that wait now. */
  last(key: string): void
  /** The version last moved so many milliseconds ago: one that moves all the time is not worth its entries. */
  holdBack(age: number): void
  isHeldBack(): boolean
  /** Resolves when nothing waits any more. */
  flush(): Promise<void>
}

export interface StoreWriterOptions {
  readonly store: Store
  readonly codec: TableCodec
  readonly counters: Counters
  /** Looks once more where the rows of the table are. */
  confirm(): Promise<void>
  /** Whether the last look found this namespace. */
  isCurrent(namespace: StoreNamespace): boolean
}

/** Makes the entry of something that was read; undefined where it cannot be stored. */
type Draft = () => StoreEntry | undefined

/** Milliseconds for which a version stands before it is written, where the store says nothing else. */
const WRITE_AFTER = 5_000

/** How many entries may wait for the store. */
const MAX_WAITING = 50_000

/** How many entries are made and written at a time. */
const CHUNK = 500

const RETRY_DELAY = 1_000

export function createStoreWriter(options: StoreWriterOptions): StoreWriter {
  const { store, codec, counters } = options
  // A timer or promise that is made in a request would hold on to that request's scope.
  const outsideRequests = AsyncLocalStorage.snapshot()
  let waiting = new Map<string, Draft>()
  /** All rows of the table, however many they are: as a rule the process holds them anyway. */
  let table: readonly Row[] | undefined
  let namespace: StoreNamespace | undefined
  let notBefore = 0
  let timer: NodeJS.Timeout | undefined
  let flushing: Promise<void> | undefined

  function choose(to: StoreNamespace): void {
    if (namespace?.address === to.address) return
    // Nobody asks for what is of another version.
    waiting = new Map()
    table = undefined
    namespace = to
  }

  function add(to: StoreNamespace, key: string, draft: Draft): void {
    choose(to)
    if (waiting.size >= MAX_WAITING) counters.storeFailures++
    else waiting.set(key, draft)
    schedule()
  }

  function isDone(): boolean {
    return waiting.size === 0 && table === undefined
  }

  function schedule(): void {
    if (timer || flushing || isDone()) return
    timer = outsideRequests(() => setTimeout(begin, Math.max(0, notBefore - performance.now())).unref())
  }

  function begin(): void {
    clearTimeout(timer)
    timer = undefined
    flushing ??= write()
      .catch(() => {
        counters.storeFailures++
        notBefore = performance.now() + RETRY_DELAY
      })
      .finally(() => {
        flushing = undefined
        schedule()
      })
  }

  /** What was read between two looks that found the same is what they found. */
  async function write(): Promise<void> {
    const to = namespace!
    const drafts = [...waiting]
    const rows = table ?? []
    waiting = new Map()
    table = undefined
    await options.confirm()
    if (!options.isCurrent(to)) return
    for (let from = 0; from < drafts.length; from += CHUNK) {
      await writeChunk(
        to,
        drafts.slice(from, from + CHUNK).map(([, draft]) => draft()),
      )
    }
    for (let from = 0; from < rows.length; from += CHUNK) {
      await writeChunk(
        to,
        rows.slice(from, from + CHUNK).map((row) => ownEntry(to, row)),
      )
    }
  }

  async function writeChunk(to: StoreNamespace, made: readonly (StoreEntry | undefined)[]): Promise<void> {
    const entries = made.filter((entry) => entry !== undefined)
    if (entries.length === 0) return
    await store.write(to, entries)
    counters.storeWrites += entries.length
    // Reads come first.
    await setImmediate()
  }

  function ownEntry(to: StoreNamespace, row: Row): StoreEntry | undefined {
    const key = codec.ownKey(row)
    return key === undefined ? undefined : codec.row(to, key, row)
  }

  return {
    row(to, asked, row) {
      const key = codec.rowKey(asked)
      add(to, key, () => codec.row(to, key, row))
    },
    absence(to, asked) {
      const key = codec.rowKey(asked)
      add(to, key, () => codec.absence(to, key))
    },
    list(to, asked, rows) {
      const key = codec.listKey(asked)
      add(to, key, () => codec.rows(to, key, rows))
    },
    table(to, rows, { isWhole }) {
      choose(to)
      table = rows
      if (isWhole) add(to, codec.tableKey, () => codec.rows(to, codec.tableKey, rows))
      else schedule()
    },
    last(key) {
      const draft = waiting.get(key)
      // At the end, where it is written.
      if (draft && waiting.delete(key)) waiting.set(key, draft)
    },
    isHeldBack: () => notBefore > performance.now(),
    holdBack(age) {
      notBefore = performance.now() + Math.max(0, (store.writeAfter ?? WRITE_AFTER) - age)
    },
    async flush() {
      while (flushing || !isDone()) {
        if (!flushing && notBefore > performance.now()) return
        if (!flushing) begin()
        await flushing
      }
    },
  }
}
