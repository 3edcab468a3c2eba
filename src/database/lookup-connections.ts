import { AsyncLocalStorage } from 'node:async_hooks'
import { Log, type LogConfig } from 'kysely'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import { LookupError } from '../errors.ts'
import { type Connection, wrapConnection } from './connection.ts'
import { onExpiry, type TimeLimit } from './deadline.ts'
import { type OwnConnection, sayGoodbye } from './lookup-connection.ts'
import type { LookupSource } from './lookup-source.ts'

export interface LookupConnectionsOptions {
  /** How many there are at most; twice as many while statements wait for locks. */
  readonly count: number
  /** Resolves to a new connection with its session set up, within that many milliseconds. */
  open(limit: number): Promise<OwnConnection>
  readonly decoding: DecodingOptions
  readonly prepare: boolean
  /** Kysely's option. */
  readonly log?: LogConfig
}

/** A caller that waits for a connection. */
interface Waiting {
  readonly limit: TimeLimit | undefined
  /** The table that is read; '' for what is read of the schema. */
  readonly table: string
  take(connection: Connection): void
  reject(error: unknown): void
}

/** How long (ms) connecting and setting up may take: a server that was paused never answers. */
const OPENING_LIMIT = 10_000
/** How much longer (ms) than its reader a connection may take to open, so that the reader's own error comes first. */
const READER_FIRST = 20

/** How long (ms) callers wait for connections that others' statements hold. Locks take longer, and little else does. */
const PATIENCE = 100

/** How long (ms) `end` waits for those who still hold a connection. */
const END_PATIENCE = 10_000

function destroyed(): LookupError {
  return new LookupError(
    'KYSELY_LOOKUP_DATABASE_DESTROYED',
    'The database has been destroyed, and a read that needs it came afterwards. Call db.destroy() last: when requests have ended, after repos.$close().',
  )
}

/**
 * Connections that only this library uses, so that nothing a program does to a session reaches a lookup, and no busy program
 * holds one up. They are opened when they are needed.
 */
export class LookupConnections implements LookupSource {
  readonly log: Log | undefined
  readonly count: number
  opened = 0
  readonly #options: LookupConnectionsOptions
  readonly #free: Connection[] = []
  readonly #open = new Map<Connection, OwnConnection>()
  // In the order in which they came.
  #waiting: Waiting[] = []
  #opening = 0
  #patience: NodeJS.Timeout | undefined
  #ended: (() => void) | undefined
  #ending: Promise<void> | undefined

  constructor(options: LookupConnectionsOptions) {
    this.#options = options
    this.count = options.count
    this.log = options.log && new Log(options.log)
  }

  acquire(limit: TimeLimit | undefined, table = ''): Connection | Promise<Connection> {
    const connection = this.#free.pop()
    if (!connection) return this.#wait(limit, table)
    connection.table = table
    return connection
  }

  /** How many are open, and how many of them are free. */
  counts(): { readonly open: number; readonly free: number } {
    return { open: this.#open.size, free: this.#free.length }
  }

  end(): Promise<void> {
    this.#ending ??= this.#end()
    return this.#ending
  }

  #wait(limit: TimeLimit | undefined, table: string): Promise<Connection> {
    if (this.#ending) return Promise.reject(destroyed())
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        limit,
        table,
        take(connection) {
          forget?.()
          connection.table = table
          resolve(connection)
        },
        reject(error) {
          forget?.()
          reject(error)
        },
      }
      this.#waiting.push(waiting)
      const forget =
        limit &&
        onExpiry(limit, (error) => {
          this.#waiting = this.#waiting.filter((one) => one !== waiting)
          reject(error)
          this.#endIfIdle()
        })
      this.#openFor(waiting)
      this.#watchWaiting()
    })
  }

  #watchWaiting(): void {
    this.#patience ??= outsideRequests(() => setTimeout(() => this.#relieve(), PATIENCE))
  }

  /** Statements on a table that is locked may hold every connection: another table gets one more. */
  #relieve(): void {
    this.#patience = undefined
    if (this.#waiting.length === 0) return
    // One that is being opened, however slowly, is for those who wait.
    if (this.#opening === 0) this.#openFor(this.#waiting[this.#mostUrgent()], 2 * this.count)
    this.#watchWaiting()
  }

  /** The first caller that waits for a table that no connection is held for; -1 if there is none. */
  #mostUrgent(): number {
    const held = new Set([...this.#open.keys()].map(({ table }) => table))
    return this.#waiting.findIndex(({ table }) => !held.has(table))
  }

  /** Opens another connection, unless there are enough. */
  #openFor(waiting: Waiting | undefined, limit = this.count): void {
    if (!waiting || this.#open.size + this.#opening >= limit) return
    this.#opening++
    // A socket that is opened in a request would hold on to that request's scope.
    outsideRequests(() => this.#connect(waiting.limit)).then(
      (connection) => {
        this.#opening--
        this.#giveBack(connection)
      },
      (error) => {
        this.#opening--
        this.#failToOpen(waiting, error)
      },
    )
  }

  /** Other connections may still become free. If there are none, the caller gets the error. */
  #failToOpen(waiting: Waiting, error: unknown): void {
    if (this.#open.size + this.#opening > 0) return
    if (this.#waiting.includes(waiting)) {
      this.#waiting = this.#waiting.filter((one) => one !== waiting)
      waiting.reject(error)
    }
    this.#openFor(this.#waiting[0])
    this.#endIfIdle()
  }

  async #connect(limit: TimeLimit | undefined): Promise<Connection> {
    const { open, decoding, prepare } = this.#options
    const left = limit ? Math.max(0, limit.due - performance.now()) + READER_FIRST : OPENING_LIMIT
    const own = await open(Math.min(OPENING_LIMIT, left))
    const connection = wrapConnection(own, {
      decoding,
      prepare,
      giveBack: (connection, intact) => intact && this.#giveBack(connection),
      onLost: (connection) => this.#lose(connection),
    })
    this.#open.set(connection, own)
    this.opened++
    return connection
  }

  #giveBack(connection: Connection): void {
    connection.table = undefined
    const isSpare = this.#open.size > this.count
    const at = isSpare ? this.#mostUrgent() : 0
    const [waiting] = at >= 0 ? this.#waiting.splice(at, 1) : []
    if (waiting) waiting.take(connection)
    else if (isSpare) this.#close(connection)
    else this.#free.push(connection)
    this.#endIfIdle()
  }

  #close(connection: Connection): void {
    void sayGoodbye(this.#open.get(connection)!)
    this.#open.delete(connection)
  }

  #lose(connection: Connection): void {
    this.#open.delete(connection)
    const at = this.#free.indexOf(connection)
    if (at >= 0) this.#free.splice(at, 1)
    this.#openFor(this.#waiting[0])
    this.#endIfIdle()
  }

  #endIfIdle(): void {
    const idle = this.#free.length === this.#open.size && this.#opening === 0
    if (this.#ended && idle && this.#waiting.length === 0) this.#ended()
  }

  async #end(): Promise<void> {
    await new Promise<void>((resolve) => {
      const patience = setTimeout(resolve, END_PATIENCE)
      this.#ended = () => {
        clearTimeout(patience)
        resolve()
      }
      this.#endIfIdle()
    })
    const reason = destroyed()
    for (const { reject } of this.#waiting.splice(0)) reject(reason)
    const free = new Set(this.#free.splice(0))
    await Promise.all(
      [...this.#open].map(([connection, own]) =>
        free.has(connection) ? sayGoodbye(own) : connection.destroy(reason),
      ),
    )
  }
}

const opening = new AsyncLocalStorage<boolean>()
const outsideRequests = opening.run(true, () => AsyncLocalStorage.snapshot())

/** Whether what is sent now sets up a connection for lookups. */
export function isOpeningConnection(): boolean {
  return opening.getStore() === true
}
