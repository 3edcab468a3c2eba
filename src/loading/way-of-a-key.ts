import { type HeldAnswers, promiseOf, rowsOf } from '../cache/generation.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'
import type { Entry, Row } from '../rows/row.ts'
import { promiseOf as promiseOfAnswer, type Remembered } from '../scope/scope-loader.ts'
import type { KeySource, ScopedTable } from '../scope/scoped-table.ts'
import { SharedRows } from '../scope/shared-rows.ts'
import type { TableScope } from '../scope/table-scope.ts'
import { type Batch, createBatch, isHeard } from './batch.ts'
import { withCaller } from './batch-trace.ts'
import { createFindList } from './key-lists.ts'
import type { ReadsAhead } from './refresher.ts'
import type { ServerReads, ServerReadsOptions } from './server-reads.ts'
import type { Intake, TableStore } from './table-store.ts'

/**
 * The way of a key. Each level is asked once, the nearest first, and answers or leaves the key to the next one:
 *
 * 1. the request (`TableScope`): what it was answered once it is answered again;
 * 2. the process (`ProcessCache`): rows, absences and lists, by any key;
 * 3. the store (`TableStore`), if there is one: what other processes have read, at the version that the process answers;
 * 4. the batch (`Batch`): who else asks now, in this request (DataLoader) and in others;
 * 5. the statement (`ServerReads`): one for all of them, which publishes what it finds on its way back. A store that does not
 *    answer at once is asked just before it (`StoreReads`).
 *
 * Hits are not handled here: `Repository` finds a row held under the key exactly as given, without resolving the key.
 */
export interface TableReader {
  find(key: Key, scope: TableScope | undefined): Promise<Row | undefined>
  /** Rows in the order of the keys, none for none; rejects with the first error. */
  findAll(keys: readonly (Key | undefined)[], scope: TableScope | undefined): Promise<(Row | undefined)[]>
  /** The rows of a list, in primary-key order. */
  list(key: Key, scope: TableScope | undefined): Promise<readonly Row[]>
  /** Every row, in primary-key order; undefined where there are more than the cache may hold. */
  all(scope: TableScope | undefined): Promise<readonly Row[] | undefined>
  /** The row of a key that the process does not hold, if it can be had at once. */
  peek(key: Key): Entry | undefined
  /** Reads every row into the process-wide cache; the same, in entries. */
  preload(): Promise<readonly Entry[] | undefined>
  /** For the scopes of the table. */
  readonly source: KeySource
  /** For what is read in the background. */
  readonly ahead: ReadsAhead
}

export interface TableReaderOptions extends Omit<ScopedTable, 'source' | 'position' | 'table'> {
  readonly source: ServerReads
  readonly stored?: TableStore | undefined
  readonly origin: ServerReadsOptions['origin']
  /** The table, for messages. */
  readonly what: string
  readonly timeout: number
  readonly maxBatchSize: number
  readonly maxWaiting: number
  /** Statements of one key definition that may be under way at a time. */
  readonly maxInFlight: number
}

/** The answers to a key that no row can have. */
export const ABSENT: Promise<undefined> = Promise.resolve(undefined)
export const NO_ROWS: readonly Row[] = Object.freeze([])

/** @see TableReader */
export function createTableReader(options: TableReaderOptions): TableReader {
  const { cache, counters, source, stored } = options
  /** A request of another mode remembers what the process does not hold. */
  const intake: Intake = cache?.mode === 'immutable' ? 'publish' : 'offer'
  const batches = createBatches(options)

  /** What the process holds; undefined where it may not be answered. */
  function current(): HeldAnswers | undefined {
    return cache === undefined || cache.refusing ? undefined : cache.current
  }

  function find(key: Key, scope: TableScope | undefined): Promise<Row | undefined> {
    const remembered = scope && recall(key, scope)
    if (remembered) return promiseOfAnswer(remembered)
    const held = findHeld(key, scope)
    if (held) return held
    if (!scope)
      return batches
        .rowsBy(key.definition)
        .load(isHeard() ? withCaller(key) : key)
        .then(rowOf)
    // Subscribers hear of each call, so each is made.
    return promiseOfAnswer(isHeard() ? scope.load(withCaller(key)) : scope.loadShared(key))
  }

  function recall(key: Key, scope: TableScope): Remembered<Row | undefined> | undefined {
    const remembered = scope.findAnswer(key)
    if (remembered) counters.scopeHits++
    return remembered
  }

  /** What the process has, or its store, or another request waits for. */
  function findHeld(key: Key, scope: TableScope | undefined): Promise<Row | undefined> | undefined {
    const held = scope ? scope.held : current()
    const entry = held?.find(key)
    if (entry) {
      counters.hits++
      return scope && !scope.held!.direct ? scope.remember(key, entry.row) : promiseOf(entry)
    }
    if (held?.isAbsent(key)) {
      counters.hits++
      return scope ? scope.remember(key, undefined) : ABSENT
    }
    const below = scope ? stored?.find(key, scope.held?.extensible, intake) : stored?.find(key, current())
    if (below !== undefined) return answerStored(key, below, scope)
    return key.definition.position === 0 ? scope?.findShared(key.token) : undefined
  }

  /** As a rule the process holds it from now on; where it does not, the scope remembers it. */
  function answerStored(
    key: Key,
    entry: Entry | null,
    scope: TableScope | undefined,
  ): Promise<Row | undefined> {
    if (entry === null) return scope ? scope.remember(key, undefined) : ABSENT
    // Not a hit: it is no mark for eviction.
    if (!scope) return Promise.resolve(entry.row)
    const isHeld = scope.held?.direct && scope.held.find(key) === entry
    return isHeld ? promiseOf(entry) : scope.remember(key, entry.row)
  }

  const findList = createFindList({ counters, stored, batches, find, recall, findHeld, current })

  return {
    find,
    async findAll(keys, scope) {
      const given = keys.filter((key) => key !== undefined)
      const rows = await findList(given, scope)
      if (given.length === keys.length) return rows
      let next = 0
      return keys.map((key) => key && rows[next++])
    },
    async list(key, scope) {
      const remembered = scope?.findList(key)
      if (remembered) {
        counters.scopeHits++
        return remembered
      }
      const entries = (scope ? scope.held : current())?.list(key)
      if (entries) {
        counters.hits++
        return scope ? scope.rememberList(key, entries) : rowsOf(entries)
      }
      const below = stored?.list(key, scope ? scope.held?.extensible : current())
      if (below) return scope ? scope.rememberList(key, below) : rowsOf(below)
      const asked = isHeard() ? withCaller(key) : key
      if (scope) return scope.loadList(asked)
      return rowsOf(await batches.listsBy(key.definition).load(asked))
    },
    async all(scope) {
      if (scope) {
        return scope.all(async () =>
          // A program that cleared its scope may know of a change that nobody else does.
          scope.isCleared ? source.readAgain() : (stored?.all(scope.held?.extensible) ?? source.all()),
        )
      }
      const entries = current()?.all() ?? stored?.all(current()) ?? (await source.all())
      return entries && rowsOf(entries)
    },
    preload: async () => stored?.all(current()) ?? source.all(),
    peek: (key) => stored?.find(key, current()) ?? undefined,
    source: batches,
    ahead: {
      rows: (definition, keys) => batches.rowsBy(definition).loadAhead(keys),
      lists: (definition, keys) => batches.listsBy(definition).loadAhead(keys),
      table: source.readAgain,
    },
  }
}

export type TableBatches = ReturnType<typeof createBatches>

/** One batch for each key definition that is asked for. */
function createBatches(options: TableReaderOptions) {
  const { cache, source } = options
  const rows = new Map<KeyDefinition, Batch<Entry | undefined>>()
  const lists = new Map<KeyDefinition, Batch<readonly Entry[]>>()
  const limits = { ...options, maxBytes: source.maxBytes, ...(cache && { fence: cache.fence }) }

  function createRowBatch(definition: KeyDefinition): Batch<Entry | undefined> {
    return createBatch<Entry | undefined>({
      ...{ ...limits, definition, many: false, send: source.rows(definition) },
      rowsIn: (entry) => (entry ? 1 : 0),
      // An immutable table does not tell how long a row has been absent.
      isShared: (entry) => entry !== undefined || cache?.mode !== 'immutable',
    })
  }

  function createListBatch(definition: KeyDefinition): Batch<readonly Entry[]> {
    return createBatch<readonly Entry[]>({
      ...{ ...limits, definition, many: true, send: source.lists(definition) },
      rowsIn: (list) => list.length,
      isShared: () => cache?.mode !== 'immutable',
    })
  }

  return {
    shared: cache?.mode === 'immutable' ? new SharedRows() : undefined,
    rowsBy: (definition: KeyDefinition) => entryOf(rows, definition, createRowBatch),
    listsBy: (definition: KeyDefinition) => entryOf(lists, definition, createListBatch),
  }
}

function entryOf<Value>(
  map: Map<KeyDefinition, Value>,
  definition: KeyDefinition,
  create: (definition: KeyDefinition) => Value,
): Value {
  let value = map.get(definition)
  if (value === undefined) {
    value = create(definition)
    map.set(definition, value)
  }
  return value
}

function rowOf(entry: Entry | undefined): Row | undefined {
  return entry?.row
}
