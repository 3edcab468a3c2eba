import { type Batch, createBatch } from './batch.ts'
import { ConfigurationError, type LookupError } from './errors.ts'
import type { Counters } from './events.ts'
import type { Key, KeyDefinition, TableKeys } from './key.ts'
import { createLookup, type Lookup, type Rows } from './lookup.ts'
import type { Entry, ProcessCache } from './process-cache.ts'
import type { RowReader } from './row.ts'
import type { Server } from './server.ts'
import { type Execute, tableStatement } from './statement.ts'
import type { TableMetadata } from './table.ts'

/** Where rows come from when nothing remembers them: the server, through one batch per key. */
export interface RowSource {
  load(key: Key): Promise<Entry | undefined>
  list(key: Key): Promise<readonly Entry[]>
  /** Every row, from one statement; `undefined` where the table has more than `limit`. */
  all(limit: number): Promise<readonly Entry[] | undefined>
}

export interface RowSourceOptions {
  readonly table: TableMetadata
  readonly keys: TableKeys
  readonly reader: RowReader
  /** Rejects where the table cannot be read reliably. */
  server(): Promise<Server>
  readonly counters: Counters
  readonly maxBatchSize: number
  readonly maxInFlight: number
  /** The process-wide cache that rows are published into; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
}

/** Bytes of keys in one statement until the server's limit is known: less than any server's default. */
const CAUTIOUS_BYTES = 512 * 1024
/** What a statement holds besides the keys. */
const STATEMENT_BYTES = 64 * 1024

/** Reads one table's rows: committed ones process-wide, or those that a transaction sees. */
export function createRowSource(options: RowSourceOptions): RowSource {
  const { table, keys, reader, counters, cache, maxBatchSize, maxInFlight } = options
  const keyBatches = new Map<KeyDefinition, Batch<Entry | undefined>>()
  const listBatches = new Map<KeyDefinition, Batch<readonly Entry[]>>()
  let bytes = CAUTIOUS_BYTES
  const limits = { maxBatchSize, maxInFlight, maxBytes: () => bytes }

  async function run<Result>(work: (server: Server) => Promise<Result>): Promise<Result> {
    const server = await options.server()
    bytes = Math.max(1, server.maxPacket - STATEMENT_BYTES)
    const execute: Execute = (statement, values) => {
      counters.statements++
      return server.execute(statement, values)
    }
    try {
      return await work({ ...server, execute })
    } catch (error) {
      counters.failures++
      throw indexIsGone(error) ? staleIndex(table, error) : error
    }
  }

  function entryOf(values: readonly unknown[], from: number, key?: Key): Entry | undefined {
    const row = reader.read(values, from)
    if (!row) return undefined
    const identity = keys.keyOf(keys.definitions[0]!, row)?.token ?? rawIdentity(table, row)
    return cache ? cache.publish(row, identity, key) : { row, identity }
  }

  function createKeyBatch(definition: KeyDefinition): Batch<Entry | undefined> {
    const lookup = createLookup({ table, definition, many: false })
    return createBatch<Entry | undefined>({
      ...limits,
      known: (key) => cache?.find(key),
      async send(sent) {
        const answers: (Entry | Error | undefined)[] = new Array(sent.length)
        for (const values of await ask(lookup, sent)) {
          const index = Number(values[0]) - 1
          answers[index] = settle(() => entryOf(values, 1, sent[index]))
        }
        for (const answer of answers) if (answer === undefined) counters.absences++
        return answers
      },
    })
  }

  function createListBatch(definition: KeyDefinition): Batch<readonly Entry[]> {
    const lookup = createLookup({ table, definition, many: true })
    return createBatch<readonly Entry[]>({
      ...limits,
      async send(sent) {
        const lists: (Entry[] | Error)[] = sent.map(() => [])
        for (const values of await ask(lookup, sent)) {
          const index = Number(values[0]) - 1
          const list = lists[index]!
          if (list instanceof Error) continue
          const entry = settle(() => entryOf(values, 1))
          if (entry instanceof Error) lists[index] = entry
          else if (entry) list.push(entry)
        }
        return lists
      },
    })
  }

  function ask(lookup: Lookup, sent: readonly Key[]): Promise<Rows> {
    counters.keysSent += sent.length
    return run((server) => lookup(server, sent))
  }

  return {
    load: (key) => batchOf(keyBatches, key.definition, createKeyBatch).load(key),
    list: (key) => batchOf(listBatches, key.definition, createListBatch).load(key),
    async all(limit) {
      const rows = await run(({ execute }) => execute(tableStatement(table, limit + 1), []))
      if (rows.length > limit) return undefined
      return rows.map((values) => entryOf(values, 0)!)
    },
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

function settle<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    return error as Error
  }
}

/** A primary key that cannot be sent (a zero date) still tells rows apart. */
function rawIdentity(table: TableMetadata, row: Readonly<Record<string, unknown>>): string {
  return `raw:${JSON.stringify(table.primaryKey.map((name) => String(row[name])))}`
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
