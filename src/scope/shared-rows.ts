import type { Key } from '../keys/key.ts'
import type { Entry, Row } from '../rows/row.ts'
import { promiseOf, Remembered } from './scope-loader.ts'

/** A request that waits for a row which another one has asked for. */
export interface Sharer {
  /** Takes what the other one was answered, before anybody hears of it. */
  adopt(key: Key, found: Entry | undefined): void
}

/** A row on its way to a request, as that request remembers it. */
type Asked = Remembered<Row | undefined>

/** A row on its way, and the requests that wait for it besides the one which asked. */
class SharedRow {
  readonly asked: Asked
  #sharers: Set<Sharer> | undefined
  #row: Asked | undefined

  constructor(asked: Asked) {
    this.asked = asked
  }

  /** Whether others may join it. */
  isOpen(): boolean {
    return this.asked.arrival?.isSent === false
  }

  has(sharer: Sharer): boolean {
    return this.#sharers?.has(sharer) === true
  }

  /** Returns whether the request had not joined it before. */
  join(sharer: Sharer): boolean {
    this.#sharers ??= new Set()
    const { size } = this.#sharers
    return this.#sharers.add(sharer).size > size
  }

  /** What the process is answered: the first request may remember another row, or none. */
  row(): Promise<Row | undefined> {
    this.#row ??= new Remembered(undefined, this.asked.arrival)
    return promiseOf(this.#row)
  }

  settle(key: Key, found: Entry | undefined | Error): void {
    if (this.#row === undefined) return
    const isFound = !(found instanceof Error)
    if (isFound) for (const sharer of this.#sharers!) sharer.adopt(key, found)
    this.#row.settle(isFound ? found?.row : found)
  }
}

/**
 * Rows of an `immutable` table that are on their way, by primary key. Requests that ask for one in the same turn of the event
 * loop wait for one promise. It is as if the process held the row already: they need not remember it.
 */
export class SharedRows {
  // Replaced when it is empty: V8 links a hash table that a Map has outgrown to its successor, and keeps what that holds.
  #byToken = new Map<unknown, SharedRow>()

  /** Takes what a request has just asked for, unless another one has. */
  offer({ token }: Key, asked: Asked): void {
    if (!this.#byToken.has(token)) this.#byToken.set(token, new SharedRow(asked))
  }

  find(token: unknown): SharedRow | undefined {
    return this.#byToken.get(token)
  }

  /** To be called with what a request is answered, before it is. */
  settle(key: Key, asked: Asked, found: Entry | undefined | Error): void {
    const shared = this.#byToken.size === 0 ? undefined : this.#byToken.get(key.token)
    if (shared?.asked !== asked) return
    if (this.#byToken.size === 1) this.#byToken = new Map()
    else this.#byToken.delete(key.token)
    shared.settle(key, found)
  }
}
