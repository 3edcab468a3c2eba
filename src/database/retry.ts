import { connectionLost, isConnectionLoss } from './connection-loss.ts'
import { Deadline, type DeadlineOptions } from './deadline.ts'

export interface RetryOptions extends DeadlineOptions {
  /** Inside a transaction another connection would not see the same. */
  readonly inTransaction: boolean
}

/** Tries on new connections, after the first. */
const RETRIES = 2

/**
 * Runs what only reads and keeps to the deadline. Where the connection is lost it is tried again on another one: a read
 * changes nothing, so that it does not matter whether the server has run it.
 */
export async function retryWithin<Result>(
  options: RetryOptions,
  read: (deadline: Deadline) => Promise<Result>,
): Promise<Result> {
  const retries = options.inTransaction ? 0 : RETRIES
  const deadline = new Deadline(options)
  try {
    for (let attempt = 0; ; attempt++) {
      try {
        return await read(deadline)
      } catch (error) {
        if (!isConnectionLoss(error)) throw error
        if (attempt === retries || deadline.isExpired()) throw connectionLost(options.what, error)
        await pause(attempt, deadline)
      }
    }
  } finally {
    deadline.stop()
  }
}

/** Longer each time, and not for everybody at once. */
async function pause(attempt: number, deadline: Deadline): Promise<void> {
  const delay = Math.min(deadline.left(), 20 * 4 ** attempt * (0.5 + Math.random()))
  await new Promise((resolve) => setTimeout(resolve, delay))
}
