import { promises as fs } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Kysely } from 'kysely'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import type { DB } from '../../examples/service/schema.ts'
import { createShipmentTable } from '../../examples/setup/shipment-table.ts'
import { createDatabase } from '../../src/index.ts'
import { closedAfterFile } from './closing.ts'
import type { AnyDB } from './lookups.ts'
import { createTestDatabase, runStatements, type TestDatabase } from './server.ts'

export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

/** The reference tables as the repository's own migrations make them, and the service's own table; no rows. */
export async function createReferenceDatabase() {
  const test: TestDatabase = await createTestDatabase()
  const db = closedAfterFile(createDatabase<AnyDB>({ uri: test.url }))
  const provider = new FileMigrationProvider({ fs, path, migrationFolder: MIGRATIONS })
  const { error } = await new Migrator({ db, provider }).migrateToLatest()
  if (error) throw error
  await createShipmentTable(db as unknown as Kysely<DB>)
  return {
    test,
    db,
    run: (...statements: readonly string[]) => runStatements(test.url, ...statements),
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]()
      await test.drop()
    },
  }
}
