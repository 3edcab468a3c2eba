import type { ReadSubject } from './read-subject.ts'

/**
 * A call that no cache could answer, on the tracing channel `kysely-lookup:load`. `start` is published in the async context of
 * the caller.
 *
 * @example
 * ```ts
 * import { tracingChannel } from 'node:diagnostics_channel'
 *
 * const load = tracingChannel('kysely-lookup:load')
 * load.asyncEnd.subscribe((message) => console.log((message as LoadMessage).table))
 * ```
 */
export interface LoadMessage extends ReadSubject {
  /** The batch, once the key was sent. None if the answer became known meanwhile, or if the time was over. */
  batch?: BatchMessage
  /** The error that the caller gets. A driver's error message may quote what the server complained about. */
  error?: unknown
}

/**
 * Keys that are sent to the server together, on the tracing channel `kysely-lookup:batch`. It includes checks, the wait for a
 * connection, and retries.
 *
 * @example
 * ```ts
 * import { tracingChannel } from 'node:diagnostics_channel'
 *
 * const batch = tracingChannel('kysely-lookup:batch')
 * batch.asyncEnd.subscribe((message) => {
 *   const { table, keys, rows } = message as BatchMessage
 *   console.log(`${table}: ${keys} keys, ${rows} rows`)
 * })
 * ```
 */
export interface BatchMessage extends ReadSubject {
  /** The number of different keys sent; 0 for a whole table. */
  readonly keys: number
  /** The calls that wait for it, as far as they began while there was a subscriber. */
  readonly loads: readonly LoadMessage[]
  /** The texts sent, with `?` for parameters. One text, unless the server has no JSON_TABLE or lags behind. */
  readonly statements: readonly string[]
  /** The number of rows found. */
  rows?: number
  /** Why it failed. A driver's error message may quote what the server complained about. */
  error?: unknown
  /**
   * A subscriber of `start` may set this function; the keys are then sent inside it. It is for tracers whose context is no
   * `AsyncLocalStorage` that can be bound to the channel. Others use `bindStore`.
   *
   * @example
   * ```ts
   * import { context } from '@opentelemetry/api'
   * import { tracingChannel } from 'node:diagnostics_channel'
   *
   * tracingChannel('kysely-lookup:batch').start.subscribe((message) => {
   *   const active = context.active()
   *   ;(message as BatchMessage).run = (send) => context.with(active, send)
   * })
   * ```
   * @throws what `send` throws.
   */
  run?: <Result>(send: () => Result) => Result
}

/**
 * One poll of the versions of all cached tables, on the tracing channel `kysely-lookup:poll`.
 *
 * @example
 * ```ts
 * import { tracingChannel } from 'node:diagnostics_channel'
 *
 * const poll = tracingChannel('kysely-lookup:poll')
 * poll.error.subscribe((message) => console.error((message as PollMessage).error))
 * ```
 */
export interface PollMessage {
  /** The tables' names in the database. */
  readonly tables: readonly string[]
  /** Why it failed. */
  error?: unknown
}

/**
 * One refresh of what an `expiring` table holds, in the background, on the tracing channel `kysely-lookup:refresh`. If it fails, what
 * is held is served until `maxAge`.
 *
 * @example
 * ```ts
 * import { tracingChannel } from 'node:diagnostics_channel'
 *
 * const refresh = tracingChannel('kysely-lookup:refresh')
 * refresh.error.subscribe((message) => console.error((message as RefreshMessage).error))
 * ```
 */
export interface RefreshMessage {
  /** The table's name in the database. */
  readonly table: string
  /** The number of rows, absences and lists that are read again; 0 if it is the whole table alone. */
  readonly keys: number
  /** Why it failed. A driver's error message may quote what the server complained about. */
  error?: unknown
}

/**
 * A row was evicted to keep within `maxRows`. Published on `kysely-lookup:evict`.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * subscribe('kysely-lookup:evict', (message) => console.log((message as EvictMessage).table))
 * ```
 */
export interface EvictMessage {
  /** The table's name in the database. */
  readonly table: string
}

/**
 * A table's process-wide cache starts a new generation. Published on `kysely-lookup:generation`.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * subscribe('kysely-lookup:generation', (message) => {
 *   const { table, rows } = message as GenerationMessage
 *   console.log(`${table}: ${rows} rows dropped`)
 * })
 * ```
 */
export interface GenerationMessage {
  /** The table's name in the database. */
  readonly table: string
  /** The new version; none after a write by this process, until the version is read again. */
  readonly version?: number
  /** The version that was held until now. */
  readonly previous?: number
  /** The number of rows dropped with it. */
  readonly rows: number
}

/**
 * The versions of tables could not be verified for `maxUnverified` ms. Published on `kysely-lookup:unverified`.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * subscribe('kysely-lookup:unverified', (message) => console.warn((message as UnverifiedMessage).tables))
 * ```
 */
export interface UnverifiedMessage {
  /** The names of the versioned tables in the database. */
  readonly tables: readonly string[]
  /** Whether their cached rows are refused from now on, or still served. */
  readonly refusing: boolean
}

/**
 * The versions of tables are verified again. Published on `kysely-lookup:verified`.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * subscribe('kysely-lookup:verified', (message) => console.info((message as VerifiedMessage).tables))
 * ```
 */
export interface VerifiedMessage {
  /** The names of the versioned tables in the database. */
  readonly tables: readonly string[]
}

/**
 * A store works, or does not. Published on `kysely-lookup:store`. Reads that it does not answer go to the server.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * subscribe('kysely-lookup:store', (message) => {
 *   const { store, state, problem } = message as StoreMessage
 *   if (state !== 'open') console.warn(`${store} store ${state}: ${problem}`)
 * })
 * ```
 */
export interface StoreMessage {
  /** The store's name, such as `lmdb`. */
  readonly store: string
  /**
   * `open`: it can be asked. `renewed`: its file was broken or deleted, and another one took its place. `full`: it takes no more
   * entries for now. `unavailable`: it is neither read nor written, and is tried again later.
   */
  readonly state: 'open' | 'renewed' | 'full' | 'unavailable'
  /** What is wrong. Never a key or a value of a row. */
  readonly problem?: string
}

/**
 * A doorbell began to listen, or hears nothing for the present; polls go on. Published on `kysely-lookup:doorbell`.
 *
 * @example
 * ```ts
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * subscribe('kysely-lookup:doorbell', (message) => {
 *   const { state, error } = message as DoorbellMessage
 *   console.warn(`doorbell: ${state}`, error)
 * })
 * ```
 */
export interface DoorbellMessage {
  /** Whether it hears. */
  readonly state: 'listening' | 'away'
  /** Why it is away. */
  readonly error?: unknown
}
