import { openPollRecord as openRight, type PollRecord } from '../../../src/versions/poll-record.ts'

export * from '../../../src/versions/poll-record.ts'

/** Counts what another process has polled from when it is read, not from when it was sent. */
export function openPollRecord(name: string, sealed: string): PollRecord | undefined {
  const record = openRight(name, sealed)
  return record && { ...record, sentAt: Number(process.hrtime.bigint()) / 1e6, sentAtWall: Date.now() }
}
