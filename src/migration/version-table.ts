import type { Kysely, QueryExecutorProvider } from 'kysely'
import { isCurrentTable } from '../database/current-database.ts'
import { ConfigurationError } from '../errors.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import { literal, run } from './server-statement.ts'
import { isTriggerOf, libraryTrigger, readTriggers, triggerKinds } from './trigger.ts'

/** The table of versions. The version of a table is the sum over its slots. */
export { VERSION_TABLE }

/** Writers move the slot of their connection, so that 16 of them seldom wait for each other. */
export const SLOTS = 16

// UTC, and not now(): a session's time zone may have an hour that comes twice.
const CLOCK = "timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000"

/** A number that a slot has never had, also after a restore or a failover has taken it back. */
const NEXT = `greatest(version + 1, ${CLOCK})`

/**
 * Creates the table `lookup_version`, in which the database counts the changes of lookup tables. Does nothing where it
 * is there already. Its inverse is {@link dropVersionTable}.
 *
 * ```ts
 * export async function up(db: Kysely<unknown>): Promise<void> {
 *   await createVersionTable(db)
 *   await trackVersion(db, 'country')
 * }
 * ```
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
 * Drops `lookup_version`. Does nothing where it is gone already.
 *
 * @throws ConfigurationError while a table is tracked or frozen: every write to it would fail.
 */
export async function dropVersionTable<DB>(db: Kysely<DB>): Promise<void> {
  refuseTransaction(db, 'dropVersionTable')
  const triggers = (await readTriggers(db)).filter(({ name }) => libraryTrigger.test(name))
  if (triggers.length > 0) {
    const tables = [...new Set(triggers.map(({ table }) => table))].join(', ')
    throw new ConfigurationError(
      `${VERSION_TABLE} is in use by triggers on ${tables}, whose writes would fail without it. Call untrackVersion and unfreeze for the tables that are tracked or frozen, then dropVersionTable.`,
    )
  }
  await run(db, `drop table if exists ${VERSION_TABLE}`)
}

/** Triggers and tables are DDL, which commits the transaction that it is called in. */
export function refuseTransaction<DB>(db: Kysely<DB>, helper: string): void {
  if (db.isTransaction) {
    throw new ConfigurationError(
      `${helper} was given a transaction, which it would commit. Pass the Kysely instance that the migration got.`,
    )
  }
}

export async function requireVersionTable(db: QueryExecutorProvider): Promise<void> {
  const columns = await readColumns(db)
  if (columns.length === 0) {
    throw new ConfigurationError(
      `The table ${VERSION_TABLE} is missing. Call createVersionTable(db) in this migration or in an earlier one.`,
    )
  }
  const names = new Set(columns.map(({ name }) => name.toLowerCase()))
  const missing = ['table_name', 'slot', 'version', 'token'].filter((name) => !names.has(name))
  if (missing.length > 0 || columns[0]?.engine !== 'InnoDB') {
    throw new ConfigurationError(
      `The table ${VERSION_TABLE} is not the one that createVersionTable makes: ${missing.length > 0 ? `it has no column ${missing.join(', ')}` : `its engine is ${columns[0]?.engine}`}. Rename it or drop it, and call createVersionTable(db).`,
    )
  }
}

/** Every slot is there from the start: an absent row would look like a table without a version. */
export async function moveEverySlot<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const rows = Array.from({ length: SLOTS }, (_, slot) => `(${literal(table)}, ${slot}, ${CLOCK})`)
  // A transaction, for a connection may have autocommit off.
  await db.transaction().execute((trx) =>
    run(
      trx,
      `insert into ${VERSION_TABLE} (table_name, slot, version) values ${rows.join(', ')}
        on duplicate key update version = ${NEXT}`,
    ),
  )
}

/** Removes the version of a table that is neither tracked nor frozen any more. */
export async function removeUnusedSlots<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const triggers = await readTriggers(db)
  if (triggers.some(({ name }) => isTriggerOf(name, triggerKinds, table))) return
  // By hand it may have been dropped before, and then nothing is left to remove.
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
 * The statement of a trigger: the writer's own transaction moves the version, in the slot of its connection. It runs for
 * each row; in this form it costs two thirds of an UPDATE that is followed by a look at whether the slot was there.
 */
export function moveOwnSlot(table: string): string {
  return `insert into ${VERSION_TABLE} (table_name, slot, version)
    values (${literal(table)}, connection_id() % ${SLOTS}, ${CLOCK})
    on duplicate key update version = ${NEXT};`
}

/** Sets the token by which a frozen table knows who may change it, and moves the version. */
export function setToken(table: string, token: string): string {
  return `update ${VERSION_TABLE} set token = ${token}, version = ${NEXT} where ${tokenRow(table)}`
}

export function moveTokenSlot(table: string): string {
  return `update ${VERSION_TABLE} set version = ${NEXT} where ${tokenRow(table)};`
}

/** The row whose lock makes a second amend wait for the first. */
export function tokenRow(table: string): string {
  return `table_name = ${literal(table)} and slot = 0`
}
