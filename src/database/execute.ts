import { createQueryId, type Kysely } from 'kysely'
import { lookupParameters, type SessionListener } from './connection.ts'
import type { DeadlineOptions } from './deadline.ts'
import { retryWithin } from './retry.ts'
import type { Statement } from './statement.ts'

/** Runs a statement and answers rows as arrays, in column order. */
export type Execute = (
  statement: Statement,
  values: readonly unknown[],
) => Promise<readonly (readonly unknown[])[]>

/** What is read, and how long everything may take: the wait for a connection, preparation, execution, another try. */
export interface ExecuteOptions extends DeadlineOptions {
  readonly ranIn?: SessionListener | undefined
}

/**
 * Runs statements through Kysely's executor, prepared where the database was made by `createDatabase`. Plugins are
 * left out: they could neither transform this text nor may they rename what comes back.
 */
export function createExecute(db: Kysely<unknown>, options: ExecuteOptions): Execute {
  const target = db.withoutPlugins()
  const retrying = { ...options, inTransaction: db.isTransaction }
  return (statement, values) =>
    retryWithin(retrying, async () => {
      const query = {
        sql: statement.sql,
        query: statement.node,
        parameters: lookupParameters(values, options.ranIn),
        queryId: createQueryId(),
      }
      try {
        const { rows } = await target.executeQuery<unknown>(query)
        // A Kysely instance of the user's own answers objects; their columns come in the order selected.
        if (rows.length === 0 || Array.isArray(rows[0])) return rows as unknown[][]
        return rows.map((row) => Object.values(row as object))
      } catch (error) {
        hideValues(error, statement)
        throw error
      }
    })
}

/** The driver's errors hold the text with its values where it was not prepared. */
function hideValues(error: unknown, { sql }: Statement): void {
  if (error instanceof Error && 'sql' in error) error.sql = sql
}
