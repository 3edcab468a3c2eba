import type { Kysely } from 'kysely'
import {
  createVersionTable,
  dropVersionTable,
  freeze,
  trackVersion,
  unfreeze,
  untrackVersion,
} from '../src/migration/index.ts'

// Countries join, currencies are replaced and time zones move: their changes are counted.
const TRACKED = ['country', 'currency', 'language', 'time_zone', 'country_currency', 'country_language']

/** What processes may keep in their memory: tracked tables until the next change, and cities for good. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createVersionTable(db)
  for (const table of TRACKED) await trackVersion(db, table)
  // Seeds only add cities. A correction goes through amend.
  await freeze(db, 'city')
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await unfreeze(db, 'city')
  for (const table of TRACKED) await untrackVersion(db, table)
  await dropVersionTable(db)
}
