import { ER_BAD_FIELD_ERROR, ER_NO_SUCH_TABLE, errorNumber, isDenied } from '../database/server-errors.ts'
import type { Finding } from './finding.ts'

const GONE = new Set([ER_BAD_FIELD_ERROR, ER_NO_SUCH_TABLE])

/** The finding for a missing right; undefined for any other error. */
export function deniedRight(error: unknown): Finding | undefined {
  if (!isDenied(error)) return undefined
  return {
    code: 'missing-right',
    message: messageOf(error),
    fix: "Grant SELECT to the service's user: repositories need it on their tables and on lookup_version. If the table is missing, migrate.",
  }
}

export function isGone(error: unknown): boolean {
  return GONE.has(errorNumber(error) ?? 0)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
