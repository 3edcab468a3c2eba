import { AsyncLocalStorage } from 'node:async_hooks'
import { LookupTimeoutError } from '../errors.ts'

type ExpiryListener = (error: LookupTimeoutError) => void

export interface DeadlineOptions {
  /** What is waited for, for messages. */
  readonly what: string
  /** Milliseconds. */
  readonly timeout: number
}

/** One limit over everything that a read waits for: a connection, its preparation, its execution, another try. */
export interface TimeLimit extends DeadlineOptions {
  /** When (ms, of `performance.now`) the time is over. */
  readonly due: number
}

/** Tells its listeners that the time is over. */
export class Deadline implements TimeLimit {
  readonly what: string
  readonly timeout: number
  readonly due: number
  readonly #timer: NodeJS.Timeout
  // A list: it has one or two members, and a Set would keep answers alive, see createTimeLimit.
  readonly #listeners: ExpiryListener[] = []
  #expiry: LookupTimeoutError | undefined

  constructor({ what, timeout, due = performance.now() + timeout }: DeadlineOptions & Partial<TimeLimit>) {
    this.what = what
    this.timeout = timeout
    this.due = due
    // Node warns of a negative time.
    this.#timer = setTimeout(() => this.#expire(), Math.max(0, due - performance.now()))
  }

  #expire(): void {
    const expiry = new LookupTimeoutError(this.what, this.timeout)
    this.#expiry = expiry
    for (const listener of this.#listeners.splice(0)) listener(expiry)
  }

  /** Calls back at the deadline; at once if it has passed. Returns a function that stops listening. */
  onExpire(listener: ExpiryListener): () => void {
    if (this.#expiry) listener(this.#expiry)
    else this.#listeners.push(listener)
    return () => {
      const at = this.#listeners.indexOf(listener)
      if (at >= 0) this.#listeners.splice(at, 1)
    }
  }

  stop(): void {
    clearTimeout(this.#timer)
  }
}

/**
 * Calls back when the time is over; returns a function that stops listening. A deadline calls all its listeners at one time: a
 * caller that tries again must not find work of others that is about to run out of time.
 */
export function onExpiry(limit: TimeLimit, listener: ExpiryListener): () => void {
  if (limit instanceof Deadline) return limit.onExpire(listener)
  const deadline = new Deadline(limit)
  deadline.onExpire(listener)
  return () => deadline.stop()
}

// Kysely's executor and plain Kysely queries have no room for a deadline.
const current = new AsyncLocalStorage<Deadline>()

/** The deadline of the work that the caller is part of. */
export function currentDeadline(): Deadline | undefined {
  return current.getStore()
}

/**
 * Runs what a deadline cannot be handed to, and rejects at the deadline whatever it waits for. Statements that it has
 * under way by then are given up, their connections destroyed; those that still wait for a connection are not sent.
 */
export function underDeadline<Result>(deadline: Deadline, work: () => Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const forget = deadline.onExpire(reject)
    current.run(deadline, work).finally(forget).then(resolve, reject)
  })
}

/** Runs `work` under a deadline of its own. */
export async function withinDeadline<Result>(
  options: DeadlineOptions & Partial<TimeLimit>,
  work: () => Promise<Result>,
): Promise<Result> {
  const deadline = new Deadline(options)
  try {
    return await underDeadline(deadline, work)
  } finally {
    deadline.stop()
  }
}
