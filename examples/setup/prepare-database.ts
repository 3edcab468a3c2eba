import { fileURLToPath } from 'node:url'
import { createDatabase } from '../../src/index.ts'
import type { DB } from '../service/schema.ts'
import { runCommand } from './command.ts'
import { createShipmentTable, fillShipmentTable } from './shipment-table.ts'
import { runStep } from './step.ts'

const kysely = fileURLToPath(new URL('bin.mjs', import.meta.resolve('kysely-ctl')))
const kyselyLookup = fileURLToPath(new URL('../../src/cli/bin.ts', import.meta.url))

const SCHEMA_FILE = 'examples/service/schema.ts'

/** The service ignores other tables in the database. */
const TABLES = ['city', 'country{,_currency,_language}', 'currency', 'language', 'shipment', 'time_zone']

/** Prepares a database for the service. Running it again changes nothing. */
export async function prepareDatabase(databaseUrl: string): Promise<void> {
  await runStep({
    title: 'Migrate (npx kysely migrate:latest)',
    work: () => runCommand({ program: kysely, args: ['migrate:latest', '--no-outdated-check'], databaseUrl }),
    outcome: (output) => (/Ran \d+ migrations?/i.exec(output)?.[0] ?? 'nothing to do').toLowerCase(),
  })
  await runStep({
    title: 'Load the reference data (npx kysely seed:run)',
    work: () =>
      runCommand({ program: kysely, args: ['seed:run', '--no-outdated-check'], databaseUrl, show: true }),
    outcome: () => 'loaded',
  })
  await runStep({
    title: "Create the service's own table, shipment",
    work: () => prepareShipments(databaseUrl),
    outcome: (count) => `${count} shipments`,
  })
  await runStep({
    title: `Generate the types (npx kysely-lookup generate --out-file ${SCHEMA_FILE})`,
    work: () =>
      runCommand({
        program: kyselyLookup,
        args: [
          'generate',
          '--out-file',
          SCHEMA_FILE,
          ...TABLES.flatMap((table) => ['--include-pattern', table]),
        ],
        databaseUrl,
      }),
    outcome: (output) => output.trim(),
  })
}

async function prepareShipments(databaseUrl: string): Promise<number> {
  const db = createDatabase<DB>({ uri: databaseUrl })
  try {
    await createShipmentTable(db)
    return await fillShipmentTable(db)
  } finally {
    await db.destroy()
  }
}
