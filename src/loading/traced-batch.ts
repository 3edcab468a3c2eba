import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type BatchMessage,
  batchChannel,
  type DatabaseIdentity,
  type LoadMessage,
  loadChannel,
  type ReadSubject,
  trace,
} from '../diagnostics/channels.ts'
import { type Counters, countBatch } from '../diagnostics/stats.ts'
import type { Key, KeyDefinition, Token } from '../keys/key.ts'
import { type Batch, type BatchOptions, createBatch } from './batch.ts'

/** Where a table's rows are read from. */
export interface ReadOrigin {
  readonly database: DatabaseIdentity
  readonly inTransaction: boolean
}

export interface TracedBatchOptions<Answer> extends BatchOptions<Answer> {
  readonly definition: KeyDefinition
  readonly many: boolean
  readonly origin: ReadOrigin
  readonly counters: Counters
  /** How many rows an answer is. */
  rowsIn(answer: Answer): number
}

/** A batch message while it is being filled. */
type OpenBatch = BatchMessage & { readonly statements: string[] }

// A statement is sent from within a batch's `send`, which does not know the texts.
const sending = new AsyncLocalStorage<OpenBatch>()

// DataLoader asks on behalf of many callers at once, so each caller's context is noted when it asks.
const callers = new WeakMap<Key, <Result>(ask: () => Result) => Result>()

const isHeard = () => loadChannel.hasSubscribers || batchChannel.hasSubscribers

const inThisContext = <Result>(ask: () => Result): Result => ask()

/** Notes who asks for a key before others ask on its behalf; nothing where nobody listens. */
export function noteCaller(key: Key): void {
  if (isHeard()) callers.set(key, AsyncLocalStorage.snapshot())
}

/** Notes the text of a statement in the batch that it is sent for. */
export function noteStatement(sql: string): void {
  sending.getStore()?.statements.push(sql)
}

/** A batch that is counted and can be listened to. Nothing is built where nobody listens. */
export function createTracedBatch<Answer>(options: TracedBatchOptions<Answer>): Batch<Answer> {
  const { what, definition, many, origin, counters, rowsIn } = options
  const subject: ReadSubject = {
    table: what,
    kind: many ? 'list' : 'row',
    index: definition.index,
    columns: definition.parts.map(({ name }) => name),
    ...origin,
  }
  /** By a key that waits to be sent, the calls that wait for it. */
  const waiting = new Map<Token, Set<LoadMessage>>()
  const batch = createBatch({
    ...options,
    send(keys) {
      countBatch(counters, keys.length)
      return batchChannel.hasSubscribers ? sendTraced(keys) : options.send(keys)
    },
  })

  function sendTraced(keys: readonly Key[]): Promise<readonly (Answer | Error)[]> {
    const loads = keys.flatMap(({ token }) => [...(waiting.get(token) ?? [])])
    for (const { token } of keys) waiting.delete(token)
    const message: OpenBatch = { ...subject, keys: keys.length, loads, statements: [] }
    for (const load of loads) load.batch = message
    return traceSending(message, async () => {
      const answers = await options.send(keys)
      message.rows = answers.reduce((rows, one) => (one instanceof Error ? rows : rows + rowsIn(one)), 0)
      return answers
    })
  }

  async function loadTraced(key: Key): Promise<Answer> {
    const message: LoadMessage = { ...subject }
    const { token } = key
    return trace(loadChannel, message, async () => {
      const alike = waiting.get(token) ?? new Set()
      waiting.set(token, alike.add(message))
      try {
        return await batch.load(key)
      } finally {
        alike.delete(message)
        if (alike.size === 0 && waiting.get(token) === alike) waiting.delete(token)
      }
    })
  }

  const asCaller = (key: Key) => (callers.get(key) ?? inThisContext)(() => loadTraced(key))

  return {
    load(key) {
      counters.misses++
      return isHeard() ? asCaller(key) : batch.load(key)
    },
    loadAll(keys) {
      counters.misses += keys.length
      if (!isHeard()) return batch.loadAll(keys)
      return Promise.all(keys.map((key) => asCaller(key).catch(asError)))
    },
  }
}

/** Reads a whole table as a batch of its own. */
export function traceTable<Rows extends readonly unknown[] | undefined>(
  table: string,
  origin: ReadOrigin,
  read: () => Promise<Rows>,
): Promise<Rows> {
  if (!batchChannel.hasSubscribers) return read()
  const message: OpenBatch = {
    ...{ table, kind: 'table', columns: [], ...origin },
    ...{ keys: 0, loads: [], statements: [] },
  }
  return traceSending(message, async () => {
    const rows = await read()
    if (rows) message.rows = rows.length
    return rows
  })
}

function traceSending<Result>(message: OpenBatch, send: () => Promise<Result>): Promise<Result> {
  return trace(batchChannel, message, () => {
    const noted = () => sending.run(message, send)
    return message.run ? message.run(noted) : noted()
  })
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure))
}
