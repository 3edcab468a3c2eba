import type { Kysely } from 'kysely'
import { DEFAULT_MIGRATION_LOCK_TABLE, DEFAULT_MIGRATION_TABLE } from 'kysely/migration'
import { inCurrentDatabase, isCurrentTable } from '../database/current-database.ts'
import { ER_LOCK_WAIT_TIMEOUT, errorNumber } from '../database/server-errors.ts'
import { quoteName } from '../database/statement.ts'
import { ConfigurationError } from '../errors.ts'
import { run } from '../migration/server-statement.ts'
import { moveEverySlot, refuseTransaction, VERSION_TABLE } from '../migration/version-table.ts'
import { cacheDropper } from '../repositories/internals.ts'

export interface TruncateOptions {
  /** Tables that keep their rows, besides those of migrations and versions: reference data, for instance. */
  readonly except?: readonly string[]
  /** What `createRepositories` made in this process: its process-wide caches are emptied at once. */
  readonly repositories?: object | readonly object[]
  /** How long (ms) to wait for a table that a transaction still uses (default 10,000; in whole seconds). */
  readonly timeout?: number
  /** The name of the database, where `test` is no part of it: it shows that this one is meant. */
  readonly database?: string
}

const TIMEOUT = 10_000

/** These notes of Kysely and of this library say what the database is, and are no data. */
const KEPT = [DEFAULT_MIGRATION_TABLE, DEFAULT_MIGRATION_LOCK_TABLE, VERSION_TABLE]

/**
 * Empties the tables of a test database, frozen ones too, and begins their AUTO_INCREMENT anew. TRUNCATE fires no
 * trigger, so that the versions of tracked and frozen tables are moved here: running processes notice by their next
 * poll, and the `repositories` of this process at once. Requests and transactions that are open keep what they remember.
 *
 * ```ts
 * beforeEach(() => truncateTables(db, { except: ['country'], repositories: repos }))
 * ```
 *
 * @throws ConfigurationError where the database's name does not say `test`, a table is unknown, or an open transaction
 * still uses one.
 */
export async function truncateTables<DB>(db: Kysely<DB>, options: TruncateOptions = {}): Promise<void> {
  refuseTransaction(db, 'truncateTables')
  const { timeout = TIMEOUT } = options
  if (!(timeout > 0)) {
    throw new ConfigurationError('truncateTables: expected timeout to be a number of milliseconds above 0.')
  }
  const seconds = Math.ceil(timeout / 1_000)
  const droppers = [options.repositories ?? []].flat().map(dropperOf)
  await db.connection().execute(async (connection) => {
    await requireTestDatabase(connection, options)
    const tables = await readTables(connection)
    const kept = new Set([...KEPT, ...known(tables, options.except ?? [])])
    const chosen = tables.filter(({ name }) => !kept.has(name))
    await truncate(connection, { tables: chosen, seconds }).finally(() => {
      for (const drop of droppers) drop()
    })
  })
}

function dropperOf(repositories: object): () => void {
  const drop = cacheDropper(repositories)
  if (drop) return drop
  throw new ConfigurationError(
    'truncateTables: expected as repositories what createRepositories answered, and got something else.',
  )
}

interface Table {
  readonly name: string
  readonly kind: 'BASE TABLE' | 'SYSTEM VERSIONED'
}

async function requireTestDatabase<DB>(db: Kysely<DB>, { database }: TruncateOptions): Promise<void> {
  const [row] = await run<{ name: string | null }>(db, 'select database() as name')
  const name = row?.name
  if (name && (database === undefined ? /(^|[^a-z])tests?([^a-z]|$)/i.test(name) : name === database)) return
  throw new ConfigurationError(
    database === undefined
      ? `truncateTables empties test databases, and ${name ? `"test" is no part of the name ${name}` : 'no database is chosen'}. If it is meant, say so: truncateTables(db, { database: '…' }).`
      : `truncateTables: expected to be connected to the database ${database}, and it is ${name ?? 'none'}.`,
  )
}

async function readTables<DB>(db: Kysely<DB>): Promise<readonly Table[]> {
  return await run<Table>(
    db,
    `select table_name as name, table_type as kind from information_schema.tables
      where ${inCurrentDatabase('table_schema')} and table_type in ('BASE TABLE', 'SYSTEM VERSIONED') order by 1`,
  )
}

function known(tables: readonly Table[], names: readonly string[]): readonly string[] {
  const missing = names.filter((name) => !tables.some((table) => table.name === name))
  if (missing.length === 0) return names
  throw new ConfigurationError(
    `truncateTables: expected in except names of tables, and the database has no ${missing.join(', ')}.`,
  )
}

async function truncate<DB>(
  db: Kysely<DB>,
  { tables, seconds }: { readonly tables: readonly Table[]; readonly seconds: number },
): Promise<void> {
  const [session] = await run<{ checks: number; wait: number }>(
    db,
    'select @@foreign_key_checks as checks, @@lock_wait_timeout as wait',
  )
  const set = (checks?: number, wait?: number) =>
    run(db, `set session foreign_key_checks = ${checks}, lock_wait_timeout = ${wait}`)
  await set(0, seconds)
  const emptied = new Set<string>()
  try {
    for (const table of tables) {
      emptied.add(table.name)
      await empty(db, table).catch((error: unknown) => {
        if (errorNumber(error) !== ER_LOCK_WAIT_TIMEOUT) throw error
        throw new ConfigurationError(
          `truncateTables: ${table.name} is still in use after ${seconds} s by a transaction that has not ended. Commit it or roll it back before.`,
          { cause: error },
        )
      })
    }
  } finally {
    await moveVersions(db, emptied)
    await set(session?.checks, session?.wait)
  }
}

async function empty<DB>(db: Kysely<DB>, { name, kind }: Table): Promise<void> {
  if (kind === 'BASE TABLE') {
    await run(db, `truncate table ${quoteName(name)}`)
    return
  }
  // TRUNCATE is not for tables that keep their history.
  await run(db, `delete from ${quoteName(name)}`)
  await run(db, `delete history from ${quoteName(name)}`)
}

/** After they are empty: what was read before belongs to an older version then. */
async function moveVersions<DB>(db: Kysely<DB>, tables: ReadonlySet<string>): Promise<void> {
  const [found] = await run(
    db,
    `select 1 as found from information_schema.tables where ${isCurrentTable({ name: VERSION_TABLE })}`,
  )
  if (!found) return
  const versions = await run<{ name: string }>(db, `select distinct table_name as name from ${VERSION_TABLE}`)
  for (const { name } of versions) if (tables.has(name)) await moveEverySlot(db, name)
}
