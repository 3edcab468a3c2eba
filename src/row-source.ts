import { type Batch, createBatch } from './batch.ts'
import { LookupError } from './errors.ts'
import type { Counters } from './events.ts'
import type { Key, KeyDefinition, TableKeys } from './key.ts'
import type { Entry, ProcessCache } from './process-cache.ts'
import type { RowReader } from './row.ts'
import { type Execute, keyStatement, listStatement, type Statement, tableStatement } from './statement.ts'
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
  readonly execute: Execute
  readonly counters: Counters
  readonly maxBatchSize: number
  readonly maxInFlight: number
  /** The process-wide cache that rows are published into; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
}

type Rows = readonly (readonly unknown[])[]

/** Reads one table's rows over `execute`: committed ones process-wide, or those that a transaction sees. */
export function createRowSource(options: RowSourceOptions): RowSource {
  const { table, keys, reader, counters, cache } = options
  const keyBatches = new Map<KeyDefinition, Batch<Entry | undefined>>()
  const listBatches = new Map<KeyDefinition, Batch<readonly Entry[]>>()

  async function run(statement: Statement, values: readonly unknown[]): Promise<Rows> {
    counters.statements++
    try {
      return await options.execute(statement, values)
    } catch (error) {
      counters.failures++
      throw error
    }
  }

  function entryOf(values: readonly unknown[], from: number, key?: Key): Entry | undefined {
    const row = reader.read(values, from)
    if (!row) return undefined
    const identity = keys.keyOf(keys.definitions[0]!, row)?.token ?? rawIdentity(table, row)
    return cache ? cache.publish(row, identity, key) : { row, identity }
  }

  function createKeyBatch(definition: KeyDefinition): Batch<Entry | undefined> {
    const statement = keyStatement(table, definition)
    return createBatch<Entry | undefined>({
      maxBatchSize: options.maxBatchSize,
      maxInFlight: options.maxInFlight,
      known: (key) => cache?.find(key),
      async send(sent) {
        counters.keysSent += sent.length
        const rows = await run(statement, [jsonArray(sent)])
        if (rows.length !== sent.length) throw missingAnswers(table, sent.length, rows.length)
        const answers: (Entry | Error | undefined)[] = new Array(sent.length)
        for (const values of rows) {
          const index = Number(values[0]) - 1
          answers[index] = settle(() => entryOf(values, 1, sent[index]))
          if (answers[index] === undefined) counters.absences++
        }
        return answers
      },
    })
  }

  function createListBatch(definition: KeyDefinition): Batch<readonly Entry[]> {
    const statement = listStatement(table, definition)
    return createBatch<readonly Entry[]>({
      maxBatchSize: options.maxBatchSize,
      maxInFlight: options.maxInFlight,
      async send(sent) {
        counters.keysSent += sent.length
        const lists: (Entry[] | Error)[] = sent.map(() => [])
        for (const values of await run(statement, [jsonArray(sent)])) {
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

  return {
    load: (key) => batchOf(keyBatches, key.definition, createKeyBatch).load(key),
    list: (key) => batchOf(listBatches, key.definition, createListBatch).load(key),
    async all(limit) {
      const rows = await run(tableStatement(table, limit + 1), [])
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

function jsonArray(keys: readonly Key[]): string {
  return `[${keys.map(({ json }) => json).join(',')}]`
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

/** Taking a key without an answer for an absence would be a wrong answer. */
function missingAnswers(table: TableMetadata, sent: number, answered: number): LookupError {
  return new LookupError(
    'KYSELY_LOOKUP_PROTOCOL',
    `${table.name}: ${sent} keys were sent and ${answered} answers came; one each was expected. A unique index may have been dropped: run kysely-lookup generate.`,
  )
}
