import { type Channel, channel, type TracingChannel, tracingChannel } from 'node:diagnostics_channel'

/** The database that something was read from, as far as it is known. */
export interface DatabaseIdentity {
  /** Known once the first statement was answered. */
  readonly system?: 'mysql' | 'mariadb'
  /** The connection's database, known once the first statement was answered. */
  readonly name?: string
  /** Host or socket, where `createDatabase` made the database. */
  readonly address?: string
  readonly port?: number
}

/** What every message about reads says. */
export interface ReadSubject {
  /** The table, by its name in the database. */
  readonly table: string
  /** Rows by unique key, lists of rows by the leading columns of an index, or the whole table (`all`, `preload`). */
  readonly kind: 'row' | 'list' | 'table'
  /** The index that serves the read; none for a whole table. */
  readonly index?: string
  /** The columns that are asked by, in the index's order. */
  readonly columns: readonly string[]
  /** Whether it is read in a transaction, on its connection. */
  readonly inTransaction: boolean
  readonly database: DatabaseIdentity
}

/** A key that no cache could answer: one call's wait. `start` is published in the async context of the caller. */
export interface LoadMessage extends ReadSubject {
  /** The statement's batch, once the key was sent; none where it became known meanwhile, or its time was over. */
  batch?: BatchMessage
  /** Why it failed: what the caller gets. A message of the driver's own may quote what the server complained about. */
  error?: unknown
}

/** Keys that are sent to the server together, with everything that takes: checks, a connection, other tries. */
export interface BatchMessage extends ReadSubject {
  /** How many different keys are sent; 0 for a whole table. */
  readonly keys: number
  /** The calls that wait for it; those alone that began while there was a subscriber. */
  readonly loads: readonly LoadMessage[]
  /** The texts that were sent, with `?` for parameters: one, but where the server has no JSON_TABLE or lags behind. */
  readonly statements: readonly string[]
  /** How many rows were found. */
  rows?: number
  /** Why it failed. A message of the driver's own may quote what the server complained about. */
  error?: unknown
  /**
   * May be set by a subscriber of `start`: the keys are sent in it. For tracers whose context is no AsyncLocalStorage
   * that can be bound to the channel; the others use `bindStore`.
   */
  run?: <Result>(send: () => Result) => Result
}

/** The versions of all cached tables are read, by one statement. */
export interface PollMessage {
  /** The tables, by their names in the database. */
  readonly tables: readonly string[]
  /** Why it failed. */
  error?: unknown
}

/** A row that was dropped to keep a table's bound. */
export interface EvictMessage {
  readonly table: string
}

/** A table's process-wide cache starts anew. */
export interface GenerationMessage {
  readonly table: string
  /** The version that it goes on with; none after a write of this process, until the version is read again. */
  readonly version?: number
  /** The version that was held until now. */
  readonly previous?: number
  /** How many rows were dropped with it. */
  readonly rows: number
}

/** The versions of tables could not be verified for `maxUnverified` ms. */
export interface UnverifiedMessage {
  /** The versioned tables, by their names in the database. */
  readonly tables: readonly string[]
  /** Whether their cached rows are refused from now on, or served all the same. */
  readonly refusing: boolean
}

/** They were verified again. */
export interface VerifiedMessage {
  readonly tables: readonly string[]
}

export const loadChannel = tracingChannel<unknown, LoadMessage>('kysely-lookup:load')
export const batchChannel = tracingChannel<unknown, BatchMessage>('kysely-lookup:batch')
export const pollChannel = tracingChannel<unknown, PollMessage>('kysely-lookup:poll')
export const evictChannel = channel('kysely-lookup:evict')
export const generationChannel = channel('kysely-lookup:generation')
export const unverifiedChannel = channel('kysely-lookup:unverified')
export const verifiedChannel = channel('kysely-lookup:verified')

/** Publishes what `message` makes, if anybody listens. */
export function publish<Message>(to: Channel, message: () => Message): void {
  if (to.hasSubscribers) to.publish(message())
}

/** Runs `work` as a step of the channel; its result, which may be rows, is not published. */
export async function trace<Message extends object, Result>(
  on: TracingChannel<unknown, Message>,
  message: Message,
  work: () => Promise<Result>,
): Promise<Result> {
  let result: Result
  await on.tracePromise(async () => {
    result = await work()
  }, message)
  return result!
}
