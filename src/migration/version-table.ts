import type { Kysely, QueryExecutorProvider } from 'kysely'
import { isCurrentTable } from '../database/current-database.ts'
import { ConfigurationError } from '../errors.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import { literal, run } from './server-statement.ts'
import { isTriggerOf, libraryTrigger, readTriggers, triggerKinds } from './trigger.ts'

/** The table of versions. The version of a table is the sum of its slots. */
export { VERSION_TABLE }

/** Writers move the slot of their connection, so that they seldom wait for each other. */
export const SLOTS = 16

// UTC rather than now(): in a session's time zone an hour may come twice.
const CLOCK = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000"

/** A number that a slot has never had, even after a restore or a failover set it back. */
const NEXT = `greatest(version + 1, ${CLOCK})`

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
  refuseTransaction(db, 'createVersionTable')
  await run(
    db,
    `create table if not exists ${VERSION_TABLE} (
      table_name varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
      slot tinyint unsigned not null,
      version bigint unsigned not null,
      token varbinary(16),
      primary key (table_name, slot)
    ) engine = InnoDB comment = 'kysely-lookup: a table''s version is the sum over its slots'`,
  )
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
  refuseTransaction(db, 'dropVersionTable')
  const triggers = (await readTriggers(db)).filter(({ name }) => libraryTrigger.test(name))
  if (triggers.length > 0) {
    const tables = [...new Set(triggers.map(({ table }) => table))].join(', ')
    throw new ConfigurationError({
      kind: 'versions',
      problem: `${VERSION_TABLE} is in use by triggers on ${tables}, whose writes would fail without it`,
      fix: 'Call untrackVersion and unfreeze for the tables that are tracked or frozen, then dropVersionTable.',
    })
  }
  await run(db, `drop table if exists ${VERSION_TABLE}`)
}

/** Triggers and tables are DDL, which commits the current transaction. */
export function refuseTransaction<DB>(db: Kysely<DB>, helper: string): void {
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

/** Creates every slot from the start: a missing row would look like a table without a version. */
export async function moveEverySlot<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const rows = Array.from({ length: SLOTS }, (_, slot) => `(${literal(table)}, ${slot}, ${CLOCK})`)
  // In a transaction, because the connection may have autocommit off.
  await db.transaction().execute((trx) =>
    run(
      trx,
      `insert into ${VERSION_TABLE} (table_name, slot, version) values ${rows.join(', ')}
        on duplicate key update version = ${NEXT}`,
    ),
  )
}

/** Removes the version of a table that is no longer tracked or frozen. */
export async function removeUnusedSlots<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const triggers = await readTriggers(db)
  if (triggers.some(({ name }) => isTriggerOf(name, triggerKinds, table))) return
  // Somebody may have dropped the table by hand; then nothing is left to remove.
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

/**
 * The statement of a trigger: the writer's own transaction moves the version, in the slot of its connection. It runs for each row. In
 * this form it costs two thirds of an UPDATE followed by a check that the slot existed.
 */
export function moveOwnSlot(table: string): string {
  return `insert into ${VERSION_TABLE} (table_name, slot, version)
    values (${literal(table)}, connection_id() % ${SLOTS}, ${CLOCK})
    on duplicate key update version = ${NEXT};`
}

/** Sets the token that lets a session change a frozen table, and moves the version. */
export function setToken(table: string, token: string): string {
  return `update ${VERSION_TABLE} set token = ${token}, version = ${NEXT} where ${tokenRow(table)}`
}

export function moveTokenSlot(table: string): string {
  return `update ${VERSION_TABLE} set version = ${NEXT} where ${tokenRow(table)};`
}

/** The row whose lock a second amend waits for. */
export function tokenRow(table: string): string {
  return `table_name = ${literal(table)} and slot = 0`
}
