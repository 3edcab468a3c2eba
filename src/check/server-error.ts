import { errorNumber } from '../migration/server-statement.ts'
import type { Finding } from './finding.ts'

/** Database, table, column, procedure, SHOW: the refusals for want of a right. */
const DENIED = new Set([1044, 1142, 1143, 1227, 1370, 1410])
/** Unknown column, unknown table. */
const GONE = new Set([1054, 1146])

/** The finding for what a user may not do; undefined for any other error. */
export function deniedRight(error: unknown): Finding | undefined {
  const number = errorNumber(error)
  if (number === undefined || !DENIED.has(number)) return undefined
  return {
    code: 'missing-right',
    message: messageOf(error),
    mend: "Grant it to the service's user: repositories need SELECT on their tables and on lookup_version.",
  }
}

export function isGone(error: unknown): boolean {
  return GONE.has(errorNumber(error) ?? 0)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
