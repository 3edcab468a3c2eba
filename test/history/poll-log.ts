import { subscribe } from 'node:diagnostics_channel'
import type { LogEvent } from 'kysely'
import { POLL } from '../support/races/racing.ts'
import { now } from './clock.ts'
import type { PollEvent } from './events.ts'

/** The polls of this process; `note` is the `log` of its database. */
export interface PollLog {
  readonly polls: readonly PollEvent[]
  note(event: LogEvent): void
}

export function createPollLog(): PollLog {
  const polls: PollEvent[] = []
  /**
   * When the last poll was sent. Worked out from its duration afterwards, it would be too late by as long as a busy machine
   * holds up the process in between.
   */
  let sent = 0
  subscribe('tracing:mysql2:execute:start', (statement) => {
    if (POLL.test((statement as { query: string }).query)) sent = now()
  })
  return {
    polls,
    /** A poll is known by its text; what it found has been taken in when it is noted. */
    note({ level, query }) {
      if (!POLL.test(query.sql)) return
      const begin = sent
      setImmediate(() => polls.push({ begin, end: now(), failed: level === 'error' }))
    },
  }
}
