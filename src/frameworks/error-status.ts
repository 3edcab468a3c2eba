import type { LookupErrorCode } from '../errors.ts'

/** What a client is to blame for, and with which status. */
const STATUSES: { readonly [Code in LookupErrorCode]?: 400 | 404 } = {
  KYSELY_LOOKUP_INVALID_KEY: 400,
  KYSELY_LOOKUP_ROW_NOT_FOUND: 404,
}

/** The status of an answer to a request that failed with this error; undefined where it is not about a key. */
export function statusOf(error: unknown): 400 | 404 | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === 'string' && Object.hasOwn(STATUSES, code)
    ? STATUSES[code as LookupErrorCode]
    : undefined
}

/** Gives an error the status that Fastify and Express answer with, unless it has one. */
export function setErrorStatus(error: unknown): void {
  const statusCode = statusOf(error)
  if (statusCode !== undefined && !('statusCode' in (error as object)))
    Object.assign(error as object, { statusCode })
}
