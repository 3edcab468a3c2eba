import { createHash } from 'node:crypto'
import zlib from 'node:zlib'
import { COUNTERS } from './poll-sql.ts'

/** The version of a table, and of how many rows it is the sum. */
export type PolledRow = readonly [table: string, version: number, slots: number]

/** What a poll has read, for the other processes of the machine. Times are milliseconds of the machine's clock. */
export interface PollRecord {
  /** When it was sent, by the monotonic clock and by the wall clock. */
  readonly sentAt: number
  readonly sentAtWall: number
  /** Which server has answered, in the poll's own words. */
  readonly server: string
  readonly rows: readonly PolledRow[]
  /** What the server had counted, in the order of `COUNTERS`, and when it was asked. */
  readonly counters?: {
    readonly sentAt: number
    readonly startedAt: number
    readonly counts: readonly number[]
  }
}

/** Changes with what a record says: what another release wrote is not read. */
const FORMAT = 1

/** The name of the record of polls of one database, as the given texts tell it from any other. */
export function pollRecordName(...identity: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify([FORMAT, ...identity]))
  return `poll ${digest.digest('hex').slice(0, 32)}`
}

export function sealPollRecord(name: string, record: PollRecord): string {
  const text = JSON.stringify(record)
  return `${checksum(name, text)} ${text}`
}

/** Undefined for what is not a record of that name as it was written. */
export function openPollRecord(name: string, sealed: string): PollRecord | undefined {
  const end = sealed.indexOf(' ')
  const text = sealed.slice(end + 1)
  if (end < 0 || sealed.slice(0, end) !== checksum(name, text)) return undefined
  try {
    const record = JSON.parse(text) as PollRecord
    return isRecord(record) ? record : undefined
  } catch {
    return undefined
  }
}

/** Whether the record was sent after the one that stands under the name, if any does. */
export function isNewer(record: PollRecord, name: string, standing: string | undefined): boolean {
  const other = standing === undefined ? undefined : openPollRecord(name, standing)
  return other === undefined || record.sentAt > other.sentAt
}

function checksum(name: string, text: string): string {
  return zlib.crc32(text, zlib.crc32(name)).toString(16)
}

function isRecord({ sentAt, sentAtWall, server, rows, counters }: PollRecord): boolean {
  return (
    areNumbers([sentAt, sentAtWall]) &&
    typeof server === 'string' &&
    rows.every(([table, ...numbers]) => typeof table === 'string' && areNumbers(numbers)) &&
    (counters === undefined ||
      (areNumbers([counters.sentAt, counters.startedAt, ...counters.counts]) &&
        counters.counts.length === COUNTERS.length))
  )
}

function areNumbers(numbers: readonly unknown[]): boolean {
  return numbers.every(Number.isFinite)
}
