import { tracingChannel } from 'node:diagnostics_channel'
import type { PollMessage } from '../../../src/index.ts'

/** Resolves when a poll of this process that begins from now on has been taken in: where versions have moved, it is two statements. */
export function nextPoll(): Promise<void> {
  const channel = tracingChannel<unknown, PollMessage>('kysely-lookup:poll')
  const { promise, resolve } = Promise.withResolvers<void>()
  let begun: unknown
  const subscribers = {
    start(message: PollMessage) {
      begun ??= message
    },
    asyncEnd(message: PollMessage) {
      if (message !== begun) return
      channel.start.unsubscribe(subscribers.start as never)
      channel.asyncEnd.unsubscribe(subscribers.asyncEnd as never)
      // What awaits the poll has then run.
      setImmediate(() => setImmediate(resolve))
    },
  }
  channel.start.subscribe(subscribers.start as never)
  channel.asyncEnd.subscribe(subscribers.asyncEnd as never)
  return promise
}
