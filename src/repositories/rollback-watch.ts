import type { SessionState } from '../database/session-tracking.ts'
import type { RequestScope } from '../scope/request-scope.ts'

/** After a rollback, makes the transaction's scope forget rows that may no longer exist. */
export interface RollbackWatch {
  /** Told in which session the transaction's lookups run. */
  ranIn(session: SessionState): void
  /** To be called before the scope is asked. */
  check(): void
}

/**
 * A rollback to a savepoint is a statement like any other, by Kysely's `rollbackToSavepoint` or by hand: only the
 * connection sees it. (A Kysely instance on a driver of its own has no session here, and is not watched.)
 */
export function watchRollbacks(scope: RequestScope): RollbackWatch {
  let session: SessionState | undefined
  let seen = 0
  return {
    ranIn(where) {
      if (where === session) return
      session = where
      seen = where.rollbacks
    },
    check() {
      if (!session || session.rollbacks === seen) return
      seen = session.rollbacks
      scope.clear()
    },
  }
}
