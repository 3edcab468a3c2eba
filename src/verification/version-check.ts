import { type Kysely, sql } from 'kysely'
import { ER_NO_SUCH_TABLE, errorNumber } from '../database/server-errors.ts'
import { ConfigurationError } from '../errors.ts'
import { deniedVersions, VERSION_TABLE } from '../versions/version-table.ts'

/**
 * That a versioned table's changes move its version: the version table, the table's rows in it, and its triggers.
 * @throws ConfigurationError that names the helper to call.
 */
export async function checkVersion(db: Kysely<unknown>, table: string): Promise<void> {
  const name = JSON.stringify(table)
  const track = `Call trackVersion(db, ${name}) of kysely-lookup/migration in a migration.`
  const refuse = (what: string, fix: string) => {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `${table} is cached as 'versioned', and ${what}, so that changes would go unnoticed`,
      fix,
    })
  }
  const slots = await countSlots(db, table)
  if (slots === undefined) {
    refuse(
      `the table ${VERSION_TABLE} does not exist`,
      `Call createVersionTable(db) and then trackVersion(db, ${name}) of kysely-lookup/migration in a migration.`,
    )
  }
  // Only versioned tables need what migrations need.
  const { SLOTS } = await import('../migration/version-slots.ts')
  const { versionTriggers } = await import('../migration/tracking.ts')
  if (slots !== SLOTS) refuse(`${VERSION_TABLE} has ${slots} of its ${SLOTS} rows`, track)
  const triggers = (await versionTriggers(db, [table])).get(table) ?? []
  const wrong = triggers.filter(({ state }) => state === 'missing' || state === 'different')
  if (triggers.length === 0) refuse('has no triggers', track)
  if (wrong.length > 0)
    refuse(`its trigger ${wrong.map((one) => `${one.name} is ${one.state}`).join(', ')}`, track)
}

async function countSlots(db: Kysely<unknown>, table: string): Promise<number | undefined> {
  try {
    const { rows } = await sql<{ slots: unknown }>`
      select count(*) as slots from ${sql.ref(VERSION_TABLE)} where table_name = ${table}`.execute(
      db.withoutPlugins(),
    )
    return Number(rows[0]?.slots)
  } catch (error) {
    if (errorNumber(error) === ER_NO_SUCH_TABLE) return undefined
    throw deniedVersions(error) ?? error
  }
}
