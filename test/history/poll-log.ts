import { tracingChannel } from 'node:diagnostics_channel'
import type { PollMessage } from '../../src/index.ts'
import { now } from './clock.ts'
import type { PollEvent } from './events.ts'

/**
 * The polls of this process, from now on. Their beginning is noted when they begin: worked out from their duration afterwards, it
 * would be too late by as long as a busy machine holds up the process in between.
 */
export function logPolls(): readonly PollEvent[] {
  const polls: PollEvent[] = []
  let begin = 0
  const channel = tracingChannel<unknown, PollMessage>('kysely-lookup:poll')
  channel.start.subscribe(() => {
    begin = now()
  })
  channel.asyncEnd.subscribe((message) => {
    const poll = { begin, failed: (message as PollMessage).error !== undefined }
    // What it found has been taken in by then.
    setImmediate(() => polls.push({ ...poll, end: now() }))
  })
  return polls
}
