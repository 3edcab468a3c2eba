import type { Kysely } from 'kysely'
import { readFeatures } from '../database/server-features.ts'
import type { ServerSystem } from '../database/server-version.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import type { Note } from './finding.ts'

/** What LOCK TABLES does to a tracked table. */
const EFFECTS: Readonly<Record<ServerSystem, string>> = {
  mariadb: 'the server refuses writes to',
  mysql: `nobody else can read ${VERSION_TABLE}, so that polls fail and reads wait, while somebody holds`,
}

/** Names the way out to those who load dumps: no form of triggers avoids what LOCK TABLES does on either server. */
export async function lockTablesNotes(db: Kysely<unknown>, tracked: readonly string[]): Promise<Note[]> {
  if (tracked.length === 0) return []
  const { system } = await readFeatures(db)
  return [
    {
      code: 'lock-tables',
      message: `under LOCK TABLES, which dumps contain, ${EFFECTS[system]} ${tracked.join(', ')}`,
      fix: 'Dump with --skip-add-locks, or take LOCK TABLES out before you load.',
    },
  ]
}
