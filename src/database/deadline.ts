import { AsyncLocalStorage } from 'node:async_hooks'
import { LookupTimeoutError } from '../errors.ts'

/** One limit over everything that a read waits for: a connection, its preparation, its execution. */
export interface Deadline {
  isExpired(): boolean
  /** Milliseconds that are left. */
  left(): number
  /** Rejects at the deadline; never resolves. */
  readonly rejection: Promise<never>
  /** Told at the deadline, at once where it is over, unless it is told to stop before. */
  onExpire(listener: (error: LookupTimeoutError) => void): () => void
  stop(): void
}

export interface DeadlineOptions {
  /** What is waited for, for messages. */
  readonly what: string
  /** Milliseconds. */
  readonly timeout: number
}

// Between a read and its connection lie Kysely's executor and plain Kysely queries, which have no room for a deadline.
const current = new AsyncLocalStorage<Deadline>()

/** The deadline of the work that the caller is part of. */
export function currentDeadline(): Deadline | undefined {
  return current.getStore()
}

/**
 * Runs `work` and rejects where it takes too long. Statements that it has under way by then are given up, their
 * connections destroyed; those that still wait for a connection are not sent.
 */
export async function withinDeadline<Result>(
  options: DeadlineOptions,
  work: (deadline: Deadline) => Promise<Result>,
): Promise<Result> {
  const deadline = startDeadline(options)
  try {
    const result = current.run(deadline, () => work(deadline))
    return await Promise.race([result, deadline.rejection])
  } finally {
    deadline.stop()
  }
}

function startDeadline({ what, timeout }: DeadlineOptions): Deadline {
  const listeners = new Set<(error: LookupTimeoutError) => void>()
  const start = performance.now()
  const { promise: rejection, reject } = Promise.withResolvers<never>()
  rejection.catch(() => {})
  let expiry: LookupTimeoutError | undefined
  const timer = setTimeout(() => {
    expiry = new LookupTimeoutError(what, timeout)
    reject(expiry)
    for (const listener of listeners) listener(expiry)
  }, timeout)
  // No getters: an object that has some gets a hidden class of its own, which keeps what they close over alive for long.
  return {
    isExpired: () => expiry !== undefined,
    left: () => Math.max(0, timeout - (performance.now() - start)),
    rejection,
    onExpire(listener) {
      if (expiry) listener(expiry)
      else listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: () => clearTimeout(timer),
  }
}
