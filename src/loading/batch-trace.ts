import { AsyncLocalStorage } from 'node:async_hooks'
import { batchChannel, loadChannel, trace } from '../diagnostics/channels.ts'
import type { BatchMessage, LoadMessage } from '../diagnostics/messages.ts'
import type { DatabaseIdentity, ReadSubject } from '../diagnostics/read-subject.ts'
import type { Token } from '../keys/identity.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'

/** Where a table's rows are read from. */
export interface ReadOrigin {
  readonly database: DatabaseIdentity
  readonly inTransaction: boolean
}

/** Told the text of each statement that is sent. */
export type StatementListener = (sql: string) => void

/** What a batch tells the subscribers of its channels. */
export interface BatchTraceOptions<Answer> {
  /** The table. */
  readonly what: string
  readonly definition: KeyDefinition
  /** Whether a key has a list of rows, or one at most. */
  readonly many: boolean
  readonly origin: ReadOrigin
  /** How many rows an answer is. */
  rowsIn(answer: Answer): number
  /** Sends keys and answers in their order; an Error as an answer rejects that key's callers alone. */
  send(keys: readonly Key[], sending: StatementListener | undefined): Promise<readonly (Answer | Error)[]>
}

/** Publishes the calls and the sendings of a batch. It is asked only while a channel has subscribers. */
export interface BatchTrace<Answer> {
  /** Runs a call, in the async context of its caller where the key knows it. */
  load(key: Key, work: () => Promise<Answer>): Promise<Answer>
  send(keys: readonly Key[]): Promise<readonly (Answer | Error)[]>
}

/** A batch message while it is being filled. */
type OpenBatch = BatchMessage & { readonly statements: string[] }

/** A key with the async context of the caller on whose behalf others ask for it. */
interface TracedKey extends Key {
  asCaller?<Result>(ask: () => Result): Result
}

/** The key with its caller's context, because DataLoader asks on behalf of many. */
export function withCaller(key: Key): TracedKey {
  return Object.assign({ ...key }, { asCaller: AsyncLocalStorage.snapshot() })
}

/** @see BatchTrace */
export function createBatchTrace<Answer>(options: BatchTraceOptions<Answer>): BatchTrace<Answer> {
  const { what, definition, many, origin, rowsIn } = options
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

  async function send(keys: readonly Key[]): Promise<readonly (Answer | Error)[]> {
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

  async function load({ token }: Key, work: () => Promise<Answer>): Promise<Answer> {
    const message: LoadMessage = { ...subject }
    return trace(loadChannel, message, async () => {
      const alike = waiting.get(token) ?? new Set()
      waiting.set(token, alike.add(message))
      // Set again when the key is sent again: a statement under way may answer it or not.
      const joined = underWay.get(token)
      if (joined) message.batch = joined
      try {
        return await work()
      } finally {
        alike.delete(message)
        if (alike.size === 0 && waiting.get(token) === alike) waiting.delete(token)
      }
    })
  }

  return {
    load: (key: TracedKey, work) => (key.asCaller ? key.asCaller(() => load(key, work)) : load(key, work)),
    send,
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
