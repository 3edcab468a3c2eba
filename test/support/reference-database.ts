import { fileURLToPath } from 'node:url'
import type { Kysely } from 'kysely'
import type { DB } from '../../examples/service/schema.ts'
import { createShipmentTable } from '../../examples/setup/shipment-table.ts'
import { createDatabase } from '../../src/index.ts'
import { migrate } from '../../src/testing/index.ts'
import { closedAfterFile } from './closing.ts'
import type { AnyDB } from './lookups.ts'
import { createTestDatabase, runStatements } from './server.ts'

export const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url))

/** A few rows of each table, those that documents speak of. */
export const SAMPLE_ROWS = [
  `insert into country values
    ('FR', 'FRA', '250', 'France', 'France', 'Paris', 'EU', '33'),
    ('DE', 'DEU', '276', 'Germany', 'Deutschland', 'Berlin', 'EU', '49'),
    ('JP', 'JPN', '392', 'Japan', '日本', 'Tokyo', 'AS', '81')`,
  `insert into city values
    (2988507, 'Paris', 'FR', '11', 'PPLC', 2138551, 48.85341, 2.34880),
    (2996944, 'Lyon', 'FR', '84', 'PPLA', 522969, 45.74846, 4.84671),
    (2995469, 'Marseille', 'FR', '93', 'PPLA', 870731, 43.29695, 5.38107)`,
  `insert into currency values
    ('EUR', '978', 2, 'Euro', null, '€'),
    ('JPY', '392', 0, 'Yen', null, '¥')`,
  "insert into country_currency values ('FR', 'EUR', 1), ('DE', 'EUR', 1), ('JP', 'JPY', 1)",
]

/** The reference tables as the repository's own migrations make them, and the service's own table; no rows. */
export async function createReferenceDatabase() {
  const test = await createTestDatabase()
  const db = closedAfterFile(createDatabase<AnyDB>({ uri: test.url }))
  await migrate(db, { folder: MIGRATIONS })
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
