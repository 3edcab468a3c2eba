import type { ProgramSession } from '../database/program-session.ts'
import { type CurrentScope, RequestScope } from '../scope/request-scope.ts'

/** What a transaction's repositories remember. */
export interface TransactionScope extends CurrentScope {
  getStore(): RequestScope
  /** Told in which session the transaction's lookups run. */
  ranIn(session: ProgramSession): void
}

/**
 * Remembers what a transaction was answered until its program sends a statement of its own: that may have written, or
 * rolled back (to a savepoint, in a procedure, by a deadlock), and neither its text nor its reply need say so.
 */
export function createTransactionScope(): TransactionScope {
  const scope = new RequestScope({ ends: false })
  let session: ProgramSession | undefined
  let uses = 0
  return {
    ranIn(where) {
      if (where === session) return
      session = where
      uses = where.uses
    },
    getStore() {
      if (session && session.uses !== uses) {
        uses = session.uses
        scope.clear()
      }
      return scope
    },
  }
}
