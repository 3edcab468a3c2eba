import type { Generation, HeldAnswers, Publication } from '../cache/generation.ts'
import type { FollowedCache } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { Key } from '../keys/key.ts'
import type { Entry } from '../rows/row.ts'
import type { TableContent } from '../store/namespace.ts'
import type { Store, StoreNamespace } from '../store/store.ts'
import type { TableCodec } from '../store/table-codec.ts'
import { createClaim } from './claims.ts'
import { recordingPublication } from './recording-publication.ts'
import { createStoreWriter, type StoreWriter } from './store-writer.ts'

/** A row, `null` for an absence; undefined where the store does not say. */
export type StoredAnswer = Entry | null | undefined

/**
 * One table in the store. It extends what the process holds: what it answers is of the generation's version, and is held from then on.
 * It is asked only while the process knows where that version is stored.
 */
export interface TableStore {
  /** Answers at once; undefined also where the store cannot, or where `held` is not what the process answers now. */
  find(key: Key, held: HeldAnswers | undefined, intake?: Intake): StoredAnswer
  list(key: Key, held: HeldAnswers | undefined): readonly Entry[] | undefined
  all(held: HeldAnswers | undefined): readonly Entry[] | undefined
  /** The same for keys that are about to be sent, and from any store. An answer may be missing at the end. */
  findRows(keys: readonly Key[], options?: LateOptions): Promise<readonly StoredAnswer[]>
  findLists(keys: readonly Key[], options?: LateOptions): Promise<readonly (readonly Entry[] | undefined)[]>
  findAll(): Promise<readonly Entry[] | undefined>
  /** The keys of their entries. */
  rowName(key: Key): string
  listName(key: Key): string
  /** Whether this process is to read what is missing; false where another one is about to. */
  claim(what: string): Promise<boolean>
  /** The entry of this name is to be written after all that wait to be written. */
  writeLast(name: string): void
  /** To be called when a statement is sent: takes what it finds into the store too, where the process may share it. */
  recorder(): (publication: Publication | undefined) => Publication | undefined
  /** Whether a look would tell where the rows are. */
  isLost(): boolean
  /** A look is sent: to be called with what it found. */
  look(): (found: TableContent | undefined) => void
  /** Writes what waits to be written. */
  flush(): Promise<void>
}

/** How the process takes a row in: `offer`, unless the row has to be held. */
export type Intake = 'offer' | 'publish'

export interface LateOptions {
  /** Whether another process is about to write them. */
  readonly isAwaited?: boolean
}

export interface TableStoreOptions {
  readonly store: Store
  readonly codec: TableCodec
  readonly cache: FollowedCache
  readonly counters: Counters
  /** Looks once more where the rows of the table are. */
  confirm(): Promise<void>
}

/** Where the rows of a generation are in the store. */
interface Attachment {
  readonly generation: Generation
  readonly namespace: StoreNamespace
  /** By `performance.now`. */
  readonly since: number
}

/** What an entry is to say. */
interface Place {
  readonly at: Attachment
  readonly key: Key
  /** The key of the entry. */
  readonly name: string
  readonly intake: Intake
}

/** How long (ms) after an attachment keys are asked for once more before they are sent: they may have missed it. */
const SETTLING = 1_000

export function createTableStore(options: TableStoreOptions): TableStore {
  const { store, codec, cache, counters } = options
  const keepsAbsences = cache.mode === 'versioned'
  /** For batches. A request of another mode remembers what the process does not hold. */
  const intake: Intake = cache.mode === 'immutable' ? 'publish' : 'offer'
  const claim = createClaim(store)
  let attached: Attachment | undefined
  /** What a look has found to be nowhere. */
  let nowhere: Generation | undefined
  const writer: StoreWriter = createStoreWriter({
    ...options,
    isCurrent: (namespace) => attached?.namespace.address === namespace.address,
  })

  /** Where what the process answers now is stored. */
  function current(): Attachment | undefined {
    if (attached === undefined || cache.refusing) return undefined
    return cache.current === attached.generation ? attached : undefined
  }

  /** The same, for a caller that is answered from there. */
  function currentOf(held: HeldAnswers | undefined): Attachment | undefined {
    const at = store.readNow && current()
    return at && held === at.generation ? at : undefined
  }

  function failed<Value>(value: Value): Value {
    counters.storeFailures++
    return value
  }

  function take(bytes: Uint8Array | undefined, { at, key, name, intake }: Place): StoredAnswer {
    const row = bytes && codec.readRow(at.namespace, name, bytes)
    if (row === undefined || (row === null && !keepsAbsences)) return undefined
    if (row !== null) return at.generation[intake](row, key)
    at.generation.publishAbsence(key)
    return null
  }

  function takeList(bytes: Uint8Array | undefined, { at, key, name }: Omit<Place, 'intake'>) {
    const rows = bytes && codec.readRows(at.namespace, name, bytes)
    if (!rows) return undefined
    const entries = rows.map((row) => at.generation.publish(row))
    at.generation.publishList(key, entries)
    return entries
  }

  function takeAll(bytes: Uint8Array | undefined, { generation, namespace }: Attachment) {
    const rows = bytes && codec.readRows(namespace, codec.tableKey, bytes)
    return rows && rows.length <= cache.maxRows ? generation.publishAll(rows) : undefined
  }

  function readNow(at: Attachment, key: string): Uint8Array | undefined {
    try {
      return store.readNow?.(at.namespace, key)
    } catch {
      return failed(undefined)
    }
  }

  async function read(at: Attachment, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    try {
      return await store.read(at.namespace, keys)
    } catch {
      return failed([])
    }
  }

  function counted<Answer>(answer: Answer): Answer {
    if (answer === undefined) counters.storeMisses++
    else counters.storeHits++
    return answer
  }

  /** Asks for keys that are about to be sent. */
  async function askLate<Answer>(
    keys: readonly Key[],
    how: {
      keyOf(key: Key): string
      take(bytes: Uint8Array | undefined, place: Place): Answer | undefined
    },
  ): Promise<readonly (Answer | undefined)[]> {
    const at = current()
    if (!at) return []
    const names = keys.map(how.keyOf)
    const bytes = await read(at, names)
    if (current() !== at) return []
    return keys.map((key, index) => {
      const answer = how.take(bytes[index], { at, key, name: names[index]!, intake })
      // Where a store answers at once, its misses are counted by then.
      return answer === undefined && store.readNow ? undefined : counted(answer)
    })
  }

  /** Whether the keys of a batch may have been asked for before the store was known. */
  function mayBeNews(isAwaited: boolean): boolean {
    if (!store.readNow || isAwaited) return true
    return attached !== undefined && performance.now() - attached.since < SETTLING
  }

  return {
    find(key, held, intake = 'offer') {
      const at = currentOf(held)
      if (!at) return undefined
      const name = codec.rowKey(key)
      return counted(take(readNow(at, name), { at, key, name, intake }))
    },
    list(key, held) {
      const at = keepsAbsences ? currentOf(held) : undefined
      if (!at) return undefined
      const name = codec.listKey(key)
      return counted(takeList(readNow(at, name), { at, key, name }))
    },
    all(held) {
      const at = keepsAbsences ? currentOf(held) : undefined
      return at && takeAll(readNow(at, codec.tableKey), at)
    },
    async findRows(keys, { isAwaited = false } = {}) {
      return mayBeNews(isAwaited) ? askLate(keys, { keyOf: codec.rowKey, take }) : []
    },
    async findLists(keys, { isAwaited = false } = {}) {
      if (!keepsAbsences || !mayBeNews(isAwaited)) return []
      return askLate(keys, { keyOf: codec.listKey, take: takeList })
    },
    async findAll() {
      const at = keepsAbsences ? current() : undefined
      if (!at) return undefined
      const [bytes] = await read(at, [codec.tableKey])
      return current() === at ? takeAll(bytes, at) : undefined
    },
    rowName: codec.rowKey,
    listName: codec.listKey,
    async claim(what) {
      const at = current()
      // What is not written yet nobody need wait for.
      if (!at || writer.isHeldBack()) return true
      return claim(at.namespace, what).catch(() => failed(true))
    },
    writeLast: writer.last,
    recorder() {
      const at = current()
      return (publication) =>
        at && publication === at.generation
          ? recordingPublication(publication, { writer, keepsAbsences, namespace: at.namespace })
          : publication
    },
    isLost() {
      // A table that may not be cached is not stored either.
      return !cache.refusing && attached?.generation !== cache.current && nowhere !== cache.current
    },
    look() {
      const sending = cache.send()
      return (found) => {
        // As a statement that has read rows: what was dropped, as after DDL, has the version of the look.
        const generation = cache.accept({ ...sending, version: found?.version })
        if (!generation || !found?.namespace) {
          attached = undefined
          if (generation && found) nowhere = generation
          return
        }
        writer.holdBack(found.age)
        if (attached?.generation === generation && attached.namespace.address === found.namespace.address)
          return
        attached = { generation, namespace: found.namespace, since: performance.now() }
      }
    },
    flush: writer.flush,
  }
}
