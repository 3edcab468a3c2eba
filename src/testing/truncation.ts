import type { Kysely } from 'kysely'
import { DEFAULT_MIGRATION_LOCK_TABLE, DEFAULT_MIGRATION_TABLE } from 'kysely/migration'
import { inCurrentDatabase, isCurrentTable } from '../database/current-database.ts'
import { ER_LOCK_WAIT_TIMEOUT, errorNumber } from '../database/server-errors.ts'
import { quoteName } from '../database/statement.ts'
import { ConfigurationError } from '../errors.ts'
import { run } from '../migration/server-statement.ts'
import { bumpAllSlots } from '../migration/version-slots.ts'
import { requireOwnDatabase, VERSION_TABLE } from '../migration/version-table.ts'
import { assemblyOf } from '../repositories/assembly.ts'

/**
 * The options of `truncateTables`.
 *
 * @example
 * ```ts
 * await truncateTables(db, { except: ['country'], repositories: repos })
 * ```
 */
export interface TruncateOptions {
  /**
   * Tables that keep their rows, such as reference data (default none). Migration tables and versions always keep theirs.
   *
   * @example
   * ```ts
   * await truncateTables(db, { except: ['country', 'currency'] })
   * ```
   */
  readonly except?: readonly string[]
  /**
   * Repositories that this process created, one set or several (default none). Their process-wide caches are emptied at once.
   *
   * @example
   * ```ts
   * await truncateTables(db, { repositories: repos })
   * ```
   */
  readonly repositories?: object | readonly object[]
  /**
   * Milliseconds to wait for a table that a transaction still uses (default 10,000; rounded up to seconds).
   *
   * @example
   * ```ts
   * await truncateTables(db, { timeout: 2_000 })
   * ```
   */
  readonly timeout?: number
  /**
   * The database's name. You need it only if the name does not contain the word `test`, to confirm that you mean this one.
   *
   * @example
   * ```ts
   * await truncateTables(db, { database: 'playground' })
   * ```
   */
  readonly database?: string
}

const TIMEOUT = 10_000

/** These tables of Kysely and of this library describe the database and are not data. */
const KEPT = [DEFAULT_MIGRATION_TABLE, DEFAULT_MIGRATION_LOCK_TABLE, VERSION_TABLE]

/**
 * Empties the tables of a test database, including frozen ones, and resets their AUTO_INCREMENT. TRUNCATE fires no trigger, so
 * this function moves the versions of tracked and frozen tables itself. Running processes notice with their next poll, and the
 * `repositories` of this process at once. Open requests and transactions keep what they remember.
 *
 * @example
 * ```ts
 * import { beforeEach } from 'node:test'
 *
 * beforeEach(() => truncateTables(db, { except: ['country'], repositories: repos }))
 * ```
 * @throws ConfigurationError if the database's name does not contain the word `test`, a table is unknown, or an open
 * transaction still uses one.
 */
export async function truncateTables<DB>(db: Kysely<DB>, options: TruncateOptions = {}): Promise<void> {
  requireOwnDatabase(db, 'truncateTables')
  const { timeout = TIMEOUT } = options
  if (!(timeout > 0)) {
    throw new ConfigurationError({
      kind: 'option',
      problem: 'truncateTables: expected timeout to be a number of milliseconds above 0',
      fix: 'Correct it, or leave it out.',
    })
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
  const assembly = assemblyOf(repositories)
  if (assembly) return assembly.dropCaches
  throw new ConfigurationError({
    kind: 'option',
    problem: 'truncateTables: expected as repositories what createRepositories returned, got something else',
    fix: 'Pass its result, or an array of such results.',
  })
}

interface Table {
  readonly name: string
  readonly kind: 'BASE TABLE' | 'SYSTEM VERSIONED'
}

async function requireTestDatabase<DB>(db: Kysely<DB>, { database }: TruncateOptions): Promise<void> {
  const [row] = await run<{ name: string | null }>(db, 'select database() as name')
  const name = row?.name
  if (name && (database === undefined ? /(^|[^a-z])tests?([^a-z]|$)/i.test(name) : name === database)) return
  throw new ConfigurationError({
    kind: 'connection',
    ...(database === undefined
      ? {
          problem: `truncateTables empties test databases, and ${name ? `"test" is no part of the name ${name}` : 'no database is selected'}`,
          fix: "If it is meant, say so: truncateTables(db, { database: '…' }).",
        }
      : {
          problem: `truncateTables: expected to be connected to the database ${database}, and it is ${name ?? 'none'}`,
          fix: 'Connect to that one, or name the other.',
        }),
  })
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
  throw new ConfigurationError({
    kind: 'option',
    problem: `truncateTables: expected in except names of tables, and the database has no ${missing.join(', ')}`,
    fix: 'Correct the name, or take it out.',
  })
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
        throw new ConfigurationError({
          kind: 'transaction',
          problem: `truncateTables: ${table.name} is still in use after ${seconds} s by a transaction that has not ended`,
          fix: 'Commit it or roll it back before.',
          cause: error,
        })
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
  // TRUNCATE does not work for tables that keep their history.
  await run(db, `delete from ${quoteName(name)}`)
  await run(db, `delete history from ${quoteName(name)}`)
}

/** Called once the tables are empty: what was read before then belongs to an older version. */
async function moveVersions<DB>(db: Kysely<DB>, tables: ReadonlySet<string>): Promise<void> {
  const [found] = await run(
    db,
    `select 1 as found from information_schema.tables where ${isCurrentTable({ name: VERSION_TABLE })}`,
  )
  if (!found) return
  const versions = await run<{ name: string }>(db, `select distinct table_name as name from ${VERSION_TABLE}`)
  for (const { name } of versions) if (tables.has(name)) await bumpAllSlots(db, name)
}
