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
import { BATCH_SIZE_BOUNDS, type Counters } from '../diagnostics/stats.ts'
import type { Token } from '../keys/identity.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'
import { type Batch, type BatchOptions, createBatch } from './batch.ts'

/** Where a table's rows are read from. */
export interface ReadOrigin {
  readonly database: DatabaseIdentity
  readonly inTransaction: boolean
}

/** Told the text of each statement that is sent. */
export type StatementListener = (sql: string) => void

export interface TracedBatchOptions<Answer> extends Omit<BatchOptions<Answer>, 'send'> {
  readonly definition: KeyDefinition
  readonly many: boolean
  readonly origin: ReadOrigin
  readonly counters: Counters
  send(keys: readonly Key[], sending: StatementListener | undefined): Promise<readonly (Answer | Error)[]>
  /** How many rows an answer is. */
  rowsIn(answer: Answer): number
}

/** A batch that is counted and can be listened to. */
export interface TracedBatch<Answer> extends Batch<Answer> {
  /** The same as `loadAll`, for nobody who waits: no call is counted. */
  loadAhead(keys: readonly Key[]): Promise<readonly (Answer | Error)[]>
}

/** A batch message while it is being filled. */
type OpenBatch = BatchMessage & { readonly statements: string[] }

/** A key with the async context of the caller on whose behalf others ask for it. */
interface TracedKey extends Key {
  asCaller?<Result>(ask: () => Result): Result
}

const isHeard = () => loadChannel.hasSubscribers || batchChannel.hasSubscribers

/** The key with its caller's context, for DataLoader asks on behalf of many; the same key where nobody listens. */
export function withCaller(key: Key): Key {
  return isHeard() ? Object.assign({ ...key }, { asCaller: AsyncLocalStorage.snapshot() }) : key
}

/** Nothing is built where nobody listens. */
export function createTracedBatch<Answer>(options: TracedBatchOptions<Answer>): TracedBatch<Answer> {
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
  /** By a key that is under way, its batch. */
  const underWay = new Map<Token, OpenBatch>()
  const batch = createBatch({
    ...options,
    send(keys) {
      countBatch(counters, keys.length)
      return batchChannel.hasSubscribers ? sendTraced(keys) : options.send(keys, undefined)
    },
  })

  async function sendTraced(keys: readonly Key[]): Promise<readonly (Answer | Error)[]> {
    const loads = keys.flatMap(({ token }) => [...(waiting.get(token) ?? [])])
    const message: OpenBatch = { ...subject, keys: keys.length, loads, statements: [] }
    for (const { token } of keys) {
      waiting.delete(token)
      underWay.set(token, message)
    }
    for (const load of loads) load.batch = message
    try {
      return await traceSending(message, async (sending) => {
        const answers = await options.send(keys, sending)
        message.rows = answers.reduce((rows, one) => (one instanceof Error ? rows : rows + rowsIn(one)), 0)
        return answers
      })
    } finally {
      for (const { token } of keys) if (underWay.get(token) === message) underWay.delete(token)
    }
  }

  async function loadTraced(key: Key): Promise<Answer> {
    const message: LoadMessage = { ...subject }
    const { token } = key
    return trace(loadChannel, message, async () => {
      const alike = waiting.get(token) ?? new Set()
      waiting.set(token, alike.add(message))
      // Set again when the key is sent again: a statement under way may answer it or not.
      const joined = underWay.get(token)
      if (joined) message.batch = joined
      try {
        return await batch.load(key)
      } finally {
        alike.delete(message)
        if (alike.size === 0 && waiting.get(token) === alike) waiting.delete(token)
      }
    })
  }

  function asCaller(key: TracedKey): Promise<Answer> {
    return key.asCaller ? key.asCaller(() => loadTraced(key)) : loadTraced(key)
  }

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
    loadAhead: batch.loadAll,
    beforeSending: batch.beforeSending,
  }
}

/** Reads a whole table as a batch of its own. */
export function traceTable<Rows extends readonly unknown[] | undefined>(
  table: string,
  origin: ReadOrigin,
  read: (sending: StatementListener | undefined) => Promise<Rows>,
): Promise<Rows> {
  if (!batchChannel.hasSubscribers) return read(undefined)
  const message: OpenBatch = {
    ...{ table, kind: 'table', columns: [], ...origin },
    ...{ keys: 0, loads: [], statements: [] },
  }
  return traceSending(message, async (sending) => {
    const rows = await read(sending)
    if (rows) message.rows = rows.length
    return rows
  })
}

function traceSending<Result>(
  message: OpenBatch,
  send: (sending: StatementListener) => Promise<Result>,
): Promise<Result> {
  const noted = () => send((sql) => message.statements.push(sql))
  return trace(batchChannel, message, () => (message.run ? message.run(noted) : noted()))
}

function asError(failure: unknown): Error {
  return failure instanceof Error ? failure : new Error(String(failure))
}

function countBatch(counters: Counters, keys: number): void {
  const within = BATCH_SIZE_BOUNDS.findIndex((bound) => keys <= bound)
  counters.batches++
  counters.batchesBySize[within === -1 ? BATCH_SIZE_BOUNDS.length : within]!++
}
