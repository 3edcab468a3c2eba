import { setTimeout } from 'node:timers/promises'
import type { Entry, Generation } from '../cache/generation.ts'
import type { ProcessCache, Reading } from '../cache/process-cache.ts'
import { withinDeadline } from '../database/deadline.ts'
import type { Execute } from '../database/execute.ts'
import type { Server } from '../database/server-features.ts'
import type { Counters } from '../diagnostics/stats.ts'
import { ConfigurationError, LookupError } from '../errors.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import type { Row, RowReader } from '../rows/row.ts'
import type { Batch } from './batch.ts'
import { shareRuns } from './coalesce.ts'
import { createLookup, versionIn } from './lookup.ts'
import { emptyTableStatement, tableStatement } from './lookup-sql.ts'
import { createTracedBatch, noteStatement, type ReadOrigin, traceTable } from './traced-batch.ts'

/** Where rows come from when nothing remembers them: the server, through one batch per key. */
export interface RowSource {
  load(key: Key): Promise<Entry | undefined>
  /** In the order of the keys, which are of one definition; never rejects: an Error concerns its key alone. */
  loadAll(keys: readonly Key[]): Promise<readonly (Entry | undefined | Error)[]>
  list(key: Key): Promise<readonly Entry[]>
  /** Every row in primary-key order, of one snapshot; `undefined` where there are more than the cache may hold. */
  all(): Promise<readonly Entry[] | undefined>
}

export interface RowSourceOptions {
  readonly table: TableMetadata
  readonly reader: RowReader
  /** Rejects where the table cannot be read reliably. */
  server(): Promise<Server>
  readonly counters: Counters
  /** For those who listen to what is sent. */
  readonly origin: ReadOrigin
  readonly maxBatchSize: number
  readonly maxInFlight: number
  /** How long (ms) a read may take, whatever it waits for. */
  readonly timeout: number
  /** The process-wide cache that rows are published into; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
}

/** Bytes of keys in one statement until the server's limit is known: less than any server's default. */
const CAUTIOUS_BYTES = 512 * 1024
/** What a statement holds besides the keys. */
const STATEMENT_BYTES = 64 * 1024

/** How long (ms) to wait before asking again a server that answered from an older version than the process has seen. */
const STALE_RETRY_DELAYS = [25, 50, 100, 200, 400, 800, 1600]

/** Reads one table's rows: committed ones process-wide, or those that a transaction sees. */
export function createRowSource(options: RowSourceOptions): RowSource {
  const { table, reader, counters, origin, cache, maxBatchSize, maxInFlight, timeout } = options
  const keyBatches = new Map<KeyDefinition, Batch<Entry | undefined>>()
  const listBatches = new Map<KeyDefinition, Batch<readonly Entry[]>>()
  const versioned = cache?.mode === 'versioned'
  let bytes = CAUTIOUS_BYTES
  const time = { what: table.name, timeout }
  const limits = { ...time, maxBatchSize, maxInFlight, maxBytes: () => bytes, origin, counters }

  async function run<Result>(work: (server: Server) => Promise<Result>): Promise<Result> {
    const server = await options.server()
    bytes = Math.max(1, server.maxPacket - STATEMENT_BYTES)
    const execute: Execute = (statement, values) => {
      counters.statements++
      noteStatement(statement.sql)
      return server.execute(statement, values)
    }
    try {
      return await work({ ...server, execute })
    } catch (error) {
      counters.failures++
      throw indexIsGone(error) ? staleIndex(table, error) : error
    }
  }

  /**
   * What `read` answers, and the generation that it may be shared in. An answer from an older version than the process
   * has seen (a lagging replica) is asked again.
   */
  async function readNew<Answer extends Omit<Reading, 'epoch'>>(
    read: (server: Server) => Promise<Answer>,
  ): Promise<{ answer: Answer; generation: Generation | undefined }> {
    for (const delay of STALE_RETRY_DELAYS) {
      // When the statement begins: the table's first look at its version, which comes before, moves them.
      let { epoch = 0, floor = 0 } = cache ?? {}
      const answer = await run((server) => {
        if (cache) ({ epoch, floor } = cache)
        return read(server)
      })
      const { version, torn } = answer
      if (version === undefined || version >= floor) {
        return { answer, generation: cache?.accept({ epoch, version, torn }) }
      }
      await setTimeout(delay)
    }
    throw new LookupError(
      'KYSELY_LOOKUP_STALE_READ',
      `${table.name}: the server answers from an older version than this process has seen. Does a replica lag? Read from the primary.`,
    )
  }

  /** The entry of a row that there is; what cannot be read concerns that row alone. */
  function entryOf(
    values: readonly unknown[],
    from: number,
    into?: Generation,
    key?: Key,
  ): Entry | undefined | Error {
    try {
      const row = reader.read(values, from)
      if (!row) return undefined
      return into ? into.publish(row, key) : { row, promise: undefined }
    } catch (error) {
      return error as Error
    }
  }

  function createKeyBatch(definition: KeyDefinition): Batch<Entry | undefined> {
    const lookup = createLookup({ table, definition, many: false, versioned })
    return createTracedBatch<Entry | undefined>({
      ...{ ...limits, definition, many: false, rowsIn: (entry) => (entry ? 1 : 0) },
      known(key) {
        if (!cache || cache.refusing) return undefined
        const entry = cache.current.find(key)
        return entry || cache.current.isAbsent(key) ? { answer: entry } : undefined
      },
      async send(sent) {
        counters.keysSent += sent.length
        const { answer, generation } = await readNew((server) => lookup(server, sent))
        const answers: (Entry | Error | undefined)[] = new Array(sent.length)
        for (const values of answer.rows) {
          const index = Number(values[0]) - 1
          answers[index] = entryOf(values, answer.from, generation, sent[index])
        }
        for (let index = 0; index < answers.length; index++) {
          if (answers[index] !== undefined) continue
          counters.absences++
          if (versioned) generation?.publishAbsence(sent[index]!)
        }
        return answers
      },
    })
  }

  function createListBatch(definition: KeyDefinition): Batch<readonly Entry[]> {
    const lookup = createLookup({ table, definition, many: true, versioned })
    return createTracedBatch<readonly Entry[]>({
      ...{ ...limits, definition, many: true, rowsIn: (list) => list.length },
      known(key) {
        const answer = cache?.refusing ? undefined : cache?.current.list(key)
        return answer && { answer }
      },
      async send(sent) {
        counters.keysSent += sent.length
        const { answer, generation } = await readNew((server) => lookup(server, sent))
        const lists: (Entry[] | Error)[] = sent.map(() => [])
        for (const values of answer.rows) {
          const index = Number(values[0]) - 1
          const list = lists[index]!
          if (list instanceof Error) continue
          const entry = entryOf(values, answer.from, generation)
          if (entry instanceof Error) lists[index] = entry
          else if (entry) list.push(entry)
        }
        for (const [index, list] of lists.entries()) {
          if (versioned && !(list instanceof Error)) generation?.publishList(sent[index]!, list)
        }
        return lists
      },
    })
  }

  async function readAll(before: Promise<unknown>): Promise<readonly Entry[] | undefined> {
    const limit = cache?.maxRows ?? Number.MAX_SAFE_INTEGER
    const reading = { table, versioned, limit: limit + 1 }
    const read = async ({ execute }: Server) => {
      let rows = await execute(tableStatement(reading), [])
      if (versioned && rows.length === 0) rows = await execute(emptyTableStatement(reading), [])
      return { rows, ...(versioned && { version: versionIn(table.name, rows[0]) }) }
    }
    const found = await withinDeadline(time, async () => {
      await before
      const held = cache?.refusing ? undefined : cache?.current.all
      return held ?? readNew(read)
    })
    if (!('answer' in found)) return found
    const { answer, generation } = found
    if (answer.rows.length > limit) return undefined
    const rows: Row[] = []
    for (const values of answer.rows) {
      const row = reader.read(values, 2)
      if (row) rows.push(row)
    }
    const entries = generation?.publishAll(rows) ?? rows.map((row) => ({ row, promise: undefined }))
    if (versioned && generation) generation.all = entries
    return entries
  }

  return {
    load: (key) => batchOf(keyBatches, key.definition, createKeyBatch).load(key),
    loadAll(keys) {
      const definition = keys[0]?.definition
      if (!definition) return Promise.resolve([])
      return batchOf(keyBatches, definition, createKeyBatch).loadAll(keys)
    },
    list: (key) => batchOf(listBatches, key.definition, createListBatch).load(key),
    all: shareRuns((before) => traceTable(table.name, origin, () => readAll(before))),
  }
}

function batchOf<Answer>(
  batches: Map<KeyDefinition, Batch<Answer>>,
  definition: KeyDefinition,
  create: (definition: KeyDefinition) => Batch<Answer>,
): Batch<Answer> {
  let batch = batches.get(definition)
  if (!batch) {
    batch = create(definition)
    batches.set(definition, batch)
  }
  return batch
}

const ER_KEY_DOES_NOT_EXIST = 1176

function indexIsGone(error: unknown): boolean {
  return (error as { errno?: unknown } | undefined)?.errno === ER_KEY_DOES_NOT_EXIST
}

function staleIndex(table: TableMetadata, cause: unknown): LookupError {
  return new ConfigurationError(
    `${table.name}: an index that the generated metadata names does not exist any more. Run kysely-lookup generate.`,
    { cause },
  )
}
