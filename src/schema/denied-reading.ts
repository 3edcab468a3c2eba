import { type Kysely, sql } from 'kysely'
import { ownDatabase } from '../database/lookup-adapter.ts'
import { isDenied } from '../database/server-errors.ts'
import { quoteName } from '../database/statement.ts'
import type { TableMetadata } from '../metadata.ts'
import type { SchemaTable } from './read-schema.ts'

/**
 * The server's error if the user may not read what a table seems to lack: `information_schema` hides columns and tables without a right.
 * A user whose rights are for single tables gets the same error for what does not exist.
 */
export async function deniedReading(
  db: Kysely<unknown>,
  table: TableMetadata,
  live: SchemaTable | undefined,
): Promise<Error | undefined> {
  const seen = new Set(live?.metadata.columns.map(({ name }) => name))
  const lacking = table.columns
    .map(({ name, columnName = name }) => columnName)
    .filter((name) => !seen.has(name))
  if (lacking.length === 0) return undefined
  try {
    const columns = lacking.map(quoteName).join(', ')
    await sql
      .raw(`select ${columns} from ${quoteName(table.name)} limit 0`)
      .execute(ownDatabase(db).withoutPlugins())
  } catch (error) {
    if (isDenied(error)) return error as Error
  }
  return undefined
}
