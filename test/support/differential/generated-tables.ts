import type { Kysely } from 'kysely'
import { generatedTable } from '../../../src/codegen/generated-table.ts'
import type { TablesMetadata } from '../../../src/index.ts'
import { readSchema } from '../../../src/schema/read-schema.ts'
import type { AnyDB } from '../lookups.ts'

/** Beyond 2^53 rows are numbers no more, and a server that bends values has zero dates. */
export const EVERY_VALUE = { bigint: 'bigint', zeroDates: 'null' } as const

/** The metadata as it is generated for a database object with {@link EVERY_VALUE}. */
export async function generatedTables(db: Kysely<AnyDB>): Promise<TablesMetadata> {
  const { tables } = await readSchema(db)
  return Object.fromEntries(
    tables.map((table) => [table.metadata.name, generatedTable(table, EVERY_VALUE).metadata]),
  )
}
