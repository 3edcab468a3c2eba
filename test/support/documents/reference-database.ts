import { globSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Kysely } from 'kysely'
import type { DB } from '../../../examples/service/schema.ts'
import { createShipmentTable } from '../../../examples/setup/shipment-table.ts'
import { createDatabase } from '../../../src/index.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../server.ts'
import { root } from './documents.ts'

/** The rows that documents speak of. */
const ROWS = [
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

/** A database with the reference tables, tracked and frozen as they ship, a few rows of them, and the example service's table. */
export async function createReferenceDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({ name: 'documents' })
  await using db = createDatabase<DB>({ uri: database.url })
  for (const name of globSync('*.ts', { cwd: join(root, 'migrations') }).sort()) {
    const file = pathToFileURL(join(root, 'migrations', name)).href
    const migration: { up(db: Kysely<DB>): Promise<void> } = await import(file)
    await migration.up(db)
  }
  await createShipmentTable(db)
  await runStatements(database.url, ...ROWS)
  return database
}
