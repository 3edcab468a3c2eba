import { type Kysely, sql } from 'kysely'
import {
  ER_ACCESS_DENIED_ERROR,
  ER_NO_SUCH_USER,
  ER_VIEW_INVALID,
  errorNumber,
} from '../database/server-errors.ts'
import { quoteName } from '../database/statement.ts'

/** Why a view has no columns, in the server's opinion. */
export async function unreadableView<DB>(db: Kysely<DB>, view: string): Promise<string> {
  try {
    await sql.raw(`select 1 from ${quoteName(view)} limit 0`).execute(db.withoutPlugins())
    return 'it is a view whose columns cannot be seen'
  } catch (error) {
    switch (errorNumber(error)) {
      // The second one is for users who may not see that a user is missing.
      case ER_NO_SUCH_USER:
      case ER_ACCESS_DENIED_ERROR:
        return 'it is a view whose definer does not exist: create it again as a user that stays, or restore that user'
      case ER_VIEW_INVALID:
        return 'it is a view whose tables or columns are gone'
      default:
        return `it is a view that cannot be read: ${error instanceof Error ? error.message : String(error)}`
    }
  }
}
