import type { CacheEvents } from '../diagnostics/cache-events.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { Identity } from '../keys/identity.ts'
import { isOwnKey, type Key, type KeyDefinition, type TableKeys } from '../keys/key.ts'
import { Entry, type Row } from '../rows/row.ts'
import { type RowsRead, takeRows } from '../rows/rows-read.ts'
import { createDoorkeeper, type Doorkeeper } from './doorkeeper.ts'
import { createDroppedRows, type DroppedRows } from './dropped-rows.ts'
import { createEviction } from './eviction.ts'
import { createFifoMap, type FifoMap } from './fifo-map.ts'
import { createRowIndex, type Lookup } from './row-index.ts'

/** Finds entries by keys as callers pass them: nothing is validated or encoded. */
export interface HitIndex {
  /** By the value of a one-column primary key; empty where such a key must be resolved first. */
  readonly byPrimaryKey: Lookup<Entry>
  /** By an object of a unique key's columns. */
  find(columns: object): Entry | undefined
}

/** For where nothing may be read directly. */
export const EMPTY_INDEX: HitIndex = { byPrimaryKey: new Map(), find: () => undefined }

/** By the key as it is: nothing is encoded. */
export function findHit(hits: HitIndex, key: unknown): Entry | undefined {
  return typeof key === 'object' && key !== null ? hits.find(key) : hits.byPrimaryKey.get(key)
}

/** The promise of a held row, made at its first hit. */
export function promiseOf(entry: Entry): Promise<Row> {
  entry.promise ??= Promise.resolve(entry.row)
  return entry.promise
}

export function rowsOf(entries: readonly Entry[]): readonly Row[] {
  return Object.freeze(entries.map(({ row }) => row))
}

export interface GenerationOptions {
  readonly keys: TableKeys
  readonly maxRows: number
  readonly counters: Counters
  readonly events: Pick<CacheEvents, 'evicted'>
  /** Shared by the generations of a table: the unique keys besides the primary one that were asked for. */
  readonly asked: Set<KeyDefinition>
  /** The version that everything in it was read at; undefined for rows that never change. */
  readonly version?: number | undefined
}

/** What the process may answer of one table. */
export interface HeldAnswers {
  readonly version: number | undefined
  readonly hits: HitIndex
  /** Whether it holds no row. */
  isEmpty(): boolean
  /** Every row, in primary-key order, once it was read. */
  all(): readonly Entry[] | undefined
  find(key: Key): Entry | undefined
  /** The same, for `peek`. */
  peek(key: Key): Entry | undefined
  isAbsent(key: Key): boolean
  list(key: Key): readonly Entry[] | undefined
  /** How many it holds besides rows. */
  held(): { readonly aliases: number; readonly absences: number; readonly lists: number }
}

/** Takes in what a statement has read. */
export interface Publication {
  /** Holds the row, where there is room, and answers its entry. */
  publish(row: Row, asked?: Key): Entry
  /** The same for all rows of the table, in their order. */
  publishAll(rows: RowsRead): readonly Entry[]
  publishAbsence(key: Key): void
  publishList(key: Key, entries: readonly Entry[]): void
}

/**
 * What the process holds of one table at one version. Failures are never held; absences, lists and the whole table only
 * under a version. A row that is published twice keeps its first entry.
 */
export interface Generation extends HeldAnswers, Publication {
  /** Whether there is no room left for another row. */
  isFull(): boolean
  /** How many request scopes were answered rows that they do not remember: while there are any, none is dropped. */
  pins: number
  findByIdentity(identity: Identity): Entry | undefined
  /** A row that made room for another one and may still be in use. */
  findDropped(identity: Identity): Row | undefined
  /** Like `publish`, for a row that can be read again at little cost: where it would take another one's place, it is held if it is offered again. */
  offer(row: Row, asked: Key): Entry
  /** Whether a row was dropped to make room. */
  hasDropped: boolean
}

/** The longest key, in characters over all its columns, under which an absence, a list or a spelling is held. */
const LONGEST_KEY = 1_000

export function isShort({ tokens }: Key): boolean {
  let length = 0
  for (const token of tokens) if (typeof token === 'string') length += token.length
  return length <= LONGEST_KEY
}

/** Makes a generation that holds nothing yet. */
export function createGeneration(options: GenerationOptions): Generation {
  const { keys, maxRows, counters, version } = options
  const { identities } = keys
  const held: Entry[] = []
  const eviction = createEviction(held, {
    takeMark(entry) {
      if (!entry.promise) return false
      entry.promise = null
      return true
    },
  })
  const { asked: askedKeys } = options
  const index = createRowIndex({ keys, all: held, asked: askedKeys })
  const { primary } = index
  // Made when there is one.
  let absences: FifoMap<true> | undefined
  let lists: FifoMap<readonly Entry[]> | undefined
  let dropped: DroppedRows | undefined
  let whole: readonly Entry[] | undefined
  let doorkeeper: Doorkeeper | undefined

  const isFull = () => held.length === maxRows

  function find(key: Key): Entry | undefined {
    return key.definition.position === 0 ? primary.get(key.tokens) : index.get(key)
  }

  function add(row: Row, identity: Identity): Entry {
    const entry = new Entry(row)
    if (held.length < maxRows) held.push(entry)
    else drop(eviction.replace(entry))
    if (askedKeys.size > 0) index.add(entry, identity)
    else primary.set(identity, entry)
    counters.rowsHeld = held.length
    return entry
  }

  function drop(entry: Entry): void {
    index.remove(entry)
    // A request of an immutable table does not remember what it has seen, and one of a versioned table no hits.
    if (version === undefined || entry.promise === null) {
      dropped ??= createDroppedRows(keys.definitions[0]!)
      dropped.add(entry.row, identities.of(entry.row))
    }
    counters.evictions++
    options.events.evicted()
    generation.hasDropped = true
  }

  /** Whether a row may take the place of another one. */
  function isWelcome(identity: Identity, isCheap: boolean): boolean {
    if (generation.pins > 0) return false
    if (!isCheap) return true
    doorkeeper ??= createDoorkeeper(maxRows)
    return doorkeeper.knows(identity)
  }

  function hold(read: Row, asked: Key | undefined, isCheap: boolean): Entry {
    // As a rule the row is asked for by its own primary key, whose tokens are at hand.
    const own = asked !== undefined && isOwnKey(asked, read, identities)
    const identity = own ? asked.tokens : identities.of(read)
    let entry = primary.get(identity)
    if (!entry) {
      // A row that is still in use somewhere is the same object when it is read again.
      const row = dropped?.find(identity) ?? read
      if (isFull() && !isWelcome(identity, isCheap)) return new Entry(row)
      dropped?.delete(identity)
      entry = add(row, identity)
    }
    if (asked && !own && isShort(asked)) index.addSpelling(entry, asked, generation.pins === 0)
    return entry
  }

  function addAll(all: RowsRead): readonly Entry[] {
    if (held.length > 0 || all.length > maxRows) return takeRows(all).map((row) => generation.publish(row))
    // Nothing can be held already, and nothing has been dropped: rows, entries and index are filled in one pass.
    try {
      for (let at = 0; at < all.length; at++) {
        const row = all.at(at)
        if (!row) continue
        const entry = new Entry(row)
        held.push(entry)
        index.addNew(entry)
      }
    } finally {
      counters.rowsHeld = held.length
    }
    return held.slice()
  }

  const generation: Generation = {
    version,
    hits: {
      byPrimaryKey: keys.rawType ? (primary.root as Lookup<Entry>) : EMPTY_INDEX.byPrimaryKey,
      find: index.find,
    },
    all: () => whole,
    pins: 0,
    hasDropped: false,
    isEmpty: () => held.length === 0,
    isFull,
    find,
    peek: find,
    findByIdentity: primary.get,
    findDropped: (identity) => dropped?.find(identity),
    publish: (row, asked) => hold(row, asked, false),
    offer: (row, asked) => hold(row, asked, true),
    publishAll(all) {
      const entries = addAll(all)
      if (version !== undefined) whole = entries
      return entries
    },
    isAbsent: ({ definition, token }) => absences?.get(definition, token) !== undefined,
    publishAbsence(key) {
      if (!isShort(key)) return
      absences ??= createFifoMap(maxRows)
      absences.set(key.definition, key.token, { value: true, weight: 1 })
    },
    list: ({ definition, token }) => lists?.get(definition, token),
    publishList(key, entries) {
      if (!isShort(key)) return
      lists ??= createFifoMap(maxRows)
      lists.set(key.definition, key.token, { value: entries, weight: entries.length + 1 })
    },
    held: () => ({
      aliases: index.aliases(),
      absences: absences?.size() ?? 0,
      lists: lists?.size() ?? 0,
    }),
  }
  return generation
}
