import {
  ER_BAD_FIELD_ERROR,
  ER_CANT_CREATE_USER_WITH_GRANT,
  ER_COLUMNACCESS_DENIED_ERROR,
  ER_DBACCESS_DENIED_ERROR,
  ER_NO_SUCH_TABLE,
  ER_PROCACCESS_DENIED_ERROR,
  ER_SPECIFIC_ACCESS_DENIED_ERROR,
  ER_TABLEACCESS_DENIED_ERROR,
  errorNumber,
} from '../database/server-errors.ts'
import type { Finding } from './finding.ts'

/** Errors about a missing right. */
const DENIED = new Set([
  ER_DBACCESS_DENIED_ERROR,
  ER_TABLEACCESS_DENIED_ERROR,
  ER_COLUMNACCESS_DENIED_ERROR,
  ER_SPECIFIC_ACCESS_DENIED_ERROR,
  ER_PROCACCESS_DENIED_ERROR,
  ER_CANT_CREATE_USER_WITH_GRANT,
])
const GONE = new Set([ER_BAD_FIELD_ERROR, ER_NO_SUCH_TABLE])

/** The finding for a missing right; undefined for any other error. */
export function deniedRight(error: unknown): Finding | undefined {
  const number = errorNumber(error)
  if (number === undefined || !DENIED.has(number)) return undefined
  return {
    code: 'missing-right',
    message: messageOf(error),
    fix: "Grant it to the service's user: repositories need SELECT on their tables and on lookup_version.",
  }
}

export function isGone(error: unknown): boolean {
  return GONE.has(errorNumber(error) ?? 0)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
