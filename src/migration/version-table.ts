import type { Kysely, QueryExecutorProvider } from 'kysely'
import { isCurrentTable } from '../database/current-database.ts'
import { ER_TABLE_EXISTS_ERROR, errorNumber } from '../database/server-errors.ts'
import { refuseSchema } from '../database/with-schema.ts'
import { ConfigurationError } from '../errors.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import { literal, run } from './server-statement.ts'
import { isTriggerOf, type LiveTrigger, readTriggers } from './trigger.ts'
import { guardedBy } from './trigger-body.ts'
import { guardNamed, isLibraryName } from './trigger-name.ts'

/** The table of versions. The version of a table is the sum of its slots. */
export { VERSION_TABLE }

/**
 * Creates the table `lookup_version`, in which the database counts the changes of lookup tables. Does nothing if the table exists.
 * The inverse is {@link dropVersionTable}.
 *
 * @example
 * ```ts
 * import type { Kysely } from 'kysely'
 *
 * export async function up(db: Kysely<unknown>): Promise<void> {
 *   await createVersionTable(db)
 *   await trackVersion(db, 'country')
 * }
 * ```
 * @throws ConfigurationError if another table has this name, a right is missing, or `db` is a transaction.
 */
export async function createVersionTable<DB>(db: Kysely<DB>): Promise<void> {
  requireOwnDatabase(db, 'createVersionTable')
  await run(
    db,
    `create table if not exists ${VERSION_TABLE} (
      table_name varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
      slot tinyint unsigned not null,
      version bigint unsigned not null,
      token varbinary(16),
      primary key (table_name, slot)
    ) engine = InnoDB comment = 'kysely-lookup: a table''s version is the sum over its slots'`,
  ).catch((error: unknown) => {
    // MariaDB's sql_if_exists takes the words away from the statements that have them.
    if (errorNumber(error) !== ER_TABLE_EXISTS_ERROR) throw error
  })
  await requireVersionTable(db)
}

/**
 * Drops the table `lookup_version`. Does nothing if the table does not exist.
 *
 * @example
 * ```ts
 * await untrackVersion(db, 'country')
 * await dropVersionTable(db)
 * ```
 * @throws ConfigurationError while a table is tracked or frozen, because every write to it would fail; if a right is missing; or if
 * `db` is a transaction.
 */
export async function dropVersionTable<DB>(db: Kysely<DB>): Promise<void> {
  requireOwnDatabase(db, 'dropVersionTable')
  const triggers = (await readTriggers(db)).filter(
    ({ name, body }) => isLibraryName(name) || guardedBy(body ?? '')?.current,
  )
  if (triggers.length > 0) throw stillInUse(triggers)
  await run(db, `drop table if exists ${VERSION_TABLE}`)
}

function stillInUse(triggers: readonly LiveTrigger[]): ConfigurationError {
  const tables = new Set<string>()
  const strangers: string[] = []
  for (const { name, table, body } of triggers) {
    const guarded = guardedBy(body ?? '')?.table ?? (guardNamed(name, table) && table)
    if (guarded === undefined) strangers.push(name)
    else tables.add(guarded)
  }
  const fixes = [
    tables.size > 0 && `Call untrackVersion and unfreeze for ${[...tables].join(', ')}`,
    // A cascade's trigger whose body cannot be seen, or one that only has a name like ours.
    strangers.length > 0 && `Drop the trigger ${strangers.join(', ')} with SQL`,
  ]
  return new ConfigurationError({
    kind: 'versions',
    problem: `${VERSION_TABLE} is in use by triggers on ${[...new Set(triggers.map(({ table }) => table))].join(', ')}, whose writes would fail without it`,
    fix: `${fixes.filter(Boolean).join('. ')}. Then call dropVersionTable again.`,
  })
}

/** Refuses a transaction, which DDL would commit, and an instance that names another database than its connection's. */
export function requireOwnDatabase<DB>(db: Kysely<DB>, helper: string): void {
  refuseSchema(db, helper)
  if (db.isTransaction) {
    throw new ConfigurationError({
      kind: 'transaction',
      problem: `${helper} was given a transaction, which it would commit`,
      fix: 'Pass the Kysely instance that the migration got.',
    })
  }
}

export async function requireVersionTable(db: QueryExecutorProvider): Promise<void> {
  const columns = await readColumns(db)
  if (columns.length === 0) {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `The table ${VERSION_TABLE} is missing`,
      fix: 'Call createVersionTable(db) in this migration or in an earlier one.',
    })
  }
  const names = new Set(columns.map(({ name }) => name.toLowerCase()))
  const missing = ['table_name', 'slot', 'version', 'token'].filter((name) => !names.has(name))
  if (missing.length > 0 || columns[0]?.engine !== 'InnoDB') {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `The table ${VERSION_TABLE} is not the one that createVersionTable makes: ${missing.length > 0 ? `it has no column ${missing.join(', ')}` : `its engine is ${columns[0]?.engine}`}`,
      fix: 'Rename it or drop it, and call createVersionTable(db).',
    })
  }
}

/** Removes the version of a table that is no longer tracked or frozen. */
export async function removeUnusedSlots<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const triggers = await readTriggers(db)
  if (triggers.some((trigger) => isTriggerOf(trigger, { table }))) return
  // The table may have been dropped by hand; then nothing is left to remove.
  if ((await readColumns(db)).length === 0) return
  await db
    .transaction()
    .execute((trx) => run(trx, `delete from ${VERSION_TABLE} where table_name = ${literal(table)}`))
}

async function readColumns(db: QueryExecutorProvider): Promise<readonly { name: string; engine: string }[]> {
  return await run(
    db,
    `select c.column_name as name, t.engine as engine
      from information_schema.columns c cross join information_schema.tables t
      where ${isCurrentTable({ name: VERSION_TABLE, alias: 'c' })} and ${isCurrentTable({ name: VERSION_TABLE, alias: 't' })}`,
  )
}
