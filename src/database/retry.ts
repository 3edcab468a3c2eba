import { LookupTimeoutError } from '../errors.ts'
import { connectionLost, isConnectionLoss } from './connection-loss.ts'
import type { TimeLimit } from './deadline.ts'

/** Tries on new connections, after the first. */
const RETRIES = 2

export interface RetryOptions {
  readonly limit: TimeLimit
  /** Inside a transaction another connection would not see the same. */
  readonly inTransaction: boolean
}

/**
 * After a failure: reads again on another connection if the connection was lost, within the time that is left. A read changes
 * nothing, so it does not matter whether the server has run it.
 * @throws the failure, if it is another one.
 */
export async function retryLost<Result>(
  failure: unknown,
  { limit, inTransaction }: RetryOptions,
  read: () => Promise<Result>,
): Promise<Result> {
  const retries = inTransaction ? 0 : RETRIES
  let error = failure
  for (let attempt = 0; ; attempt++) {
    if (!isConnectionLoss(error)) throw error
    if (attempt === retries || timeLeft(limit) === 0) throw connectionLost(limit.what, error)
    await pause(attempt, limit)
    if (timeLeft(limit) === 0) throw new LookupTimeoutError(limit.what, limit.timeout)
    try {
      return await read()
    } catch (another) {
      error = another
    }
  }
}

/** Longer each time, and not for everybody at once. */
async function pause(attempt: number, limit: TimeLimit): Promise<void> {
  const delay = Math.min(timeLeft(limit), 20 * 4 ** attempt * (0.5 + Math.random()))
  await new Promise((resolve) => setTimeout(resolve, delay))
}

/** Milliseconds. */
function timeLeft({ due }: TimeLimit): number {
  return Math.max(0, due - performance.now())
}
