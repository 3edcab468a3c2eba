import { LookupTimeoutError } from './errors.ts'

/** One limit over everything that a read waits for: a connection, its preparation, its execution. */
export interface Deadline {
  readonly expired: boolean
  /** Milliseconds that are left. */
  readonly left: number
  /** Rejects at the deadline; never resolves. */
  readonly rejection: Promise<never>
  /** Told at the deadline, unless it is told to stop before. */
  onExpire(listener: (error: LookupTimeoutError) => void): () => void
  stop(): void
}

export function startDeadline(options: { readonly what: string; readonly timeout: number }): Deadline {
  const { what, timeout } = options
  const listeners = new Set<(error: LookupTimeoutError) => void>()
  const start = performance.now()
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => {})
  let expired = false
  const timer = setTimeout(() => {
    expired = true
    const error = new LookupTimeoutError(what, timeout)
    reject(error)
    for (const listener of listeners) listener(error)
  }, timeout)
  return {
    get expired() {
      return expired
    },
    get left() {
      return Math.max(0, timeout - (performance.now() - start))
    },
    rejection: promise,
    onExpire(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    stop: () => clearTimeout(timer),
  }
}
