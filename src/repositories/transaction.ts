import { type IsolationLevel, type Kysely, sql, type Transaction } from 'kysely'
import { withinDeadline } from '../database/deadline.ts'
import { expectAdapter } from '../database/lookup-adapter.ts'
import {
  ER_CHECKREAD,
  ER_LOCK_DEADLOCK,
  ER_LOCK_WAIT_TIMEOUT,
  errorNumber,
} from '../database/server-errors.ts'
import { ConfigurationError, LookupError } from '../errors.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'

/**
 * The options of `$transaction`.
 *
 * @example
 * ```ts
 * const options: TransactionOptions = { isolationLevel: 'repeatable read', retries: 3 }
 * ```
 */
export interface TransactionOptions {
  /**
   * Kysely's isolation level (default: the server's). `read uncommitted` is refused, because it can read rows that never get
   * committed.
   *
   * @example
   * ```ts
   * await repos.$transaction((trx) => trx.country.findByKey('FR'), { isolationLevel: 'repeatable read' })
   * ```
   */
  readonly isolationLevel?: Exclude<IsolationLevel, 'read uncommitted'>
  /**
   * How many more times the function may run, each in a new transaction, after a deadlock, a lock wait timeout or a snapshot that is
   * too old (default 0). The function must have no effects besides its statements.
   *
   * @example
   * ```ts
   * await repos.$transaction((trx) => trx.currency.update('JPY', { digits: 0 }), { retries: 3 })
   * ```
   */
  readonly retries?: number
  /**
   * Whether `repos` itself reads and writes in the transaction, for everything that the function starts, and so do `$transaction`s in it
   * (default false).
   *
   * @example
   * ```ts
   * await repos.$transaction(() => repos.currency.update('JPY', { digits: 0 }), { ambient: true })
   * ```
   */
  readonly ambient?: boolean
}

export interface TransactionRunOptions<Result> extends TransactionOptions {
  readonly db: Kysely<unknown>
  /** The tables whose versions are followed. */
  readonly versioned: readonly string[]
  /** The newest version that the process knows of. */
  versionOf(table: string): number
  /** Rejects if the transaction must not be committed. */
  work(transaction: Transaction<unknown>): Promise<Result>
  /** Milliseconds for reading versions after COMMIT. */
  readonly timeout: number
  /** Told, once the server has committed or may have, which tables are of another version: that one, where it is known. */
  committed(moved: ReadonlyMap<string, number | undefined>): void
}

// The last one is MariaDB's refusal to write over what a snapshot has not seen.
const WORTH_ANOTHER_TRY = new Set([ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT, ER_CHECKREAD])

/**
 * Runs `work` in a transaction. What it committed is what this process reads from then on: the versions that it moved are
 * read after COMMIT, and where they cannot be read everything cached is dropped.
 */
export async function runTransaction<Result>(options: TransactionRunOptions<Result>): Promise<Result> {
  const { isolationLevel, retries = 0 } = options
  if ((isolationLevel as string | undefined)?.toLowerCase() === 'read uncommitted') {
    throw new ConfigurationError({
      kind: 'transaction',
      problem: "$transaction: 'read uncommitted' is refused: it can read rows that are never committed",
      fix: "Use 'read committed'.",
    })
  }
  for (let attempt = 0; ; attempt++) {
    try {
      return await runOnce(options)
    } catch (error) {
      if (attempt >= retries || !isWorthAnotherTry(error)) throw error
    }
  }
}

/** Also what the work did after an error of its own, instead of ending. */
function isWorthAnotherTry(error: unknown): boolean {
  const origin = error instanceof LookupError ? error.cause : error
  return WORTH_ANOTHER_TRY.has(errorNumber(origin) ?? 0)
}

async function runOnce<Result>(options: TransactionRunOptions<Result>): Promise<Result> {
  const { db, versioned, isolationLevel, work, versionOf } = options
  // What the transaction reads is never older than this, and newer for what it writes. What others commit meanwhile could
  // make a later version of the process look like the one that the transaction sees.
  const known = new Map(versioned.map((table) => [table, versionOf(table)]))
  return await db.connection().execute(async (connection) => {
    const builder = connection.transaction()
    const configured = isolationLevel ? builder.setIsolationLevel(isolationLevel) : builder
    let mayBeCommitted = false
    let versions: ReadonlyMap<string, number> = new Map()
    try {
      const result = await configured.execute(async (transaction) => {
        const answer = await work(transaction)
        mayBeCommitted = true
        return answer
      })
      versions = await committedVersions(connection, options)
      return result
    } finally {
      const moved = (table: string) => {
        const version = versions.get(table)
        return version === undefined || version !== known.get(table)
      }
      if (mayBeCommitted)
        options.committed(new Map(versioned.filter(moved).map((table) => [table, versions.get(table)])))
    }
  })
}

/**
 * Read after COMMIT: in the transaction, SERIALIZABLE would lock what is read, and make writers of other tables wait. Read
 * on its connection: another one may lead to a server that does not have the commit yet.
 */
async function committedVersions<Result>(
  connection: Kysely<unknown>,
  { db, versioned, timeout }: TransactionRunOptions<Result>,
): Promise<ReadonlyMap<string, number>> {
  if (versioned.length === 0) return new Map()
  const database = expectAdapter(db).configured()
  try {
    return await withinDeadline({ what: VERSION_TABLE, timeout }, () =>
      readVersions(connection, { names: versioned, database }),
    )
  } catch {
    // It is committed, whatever has happened since.
    return new Map()
  }
}

interface VersionsToRead {
  readonly names: readonly string[]
  readonly database: string | undefined
}

/** A session that the program has altered may show others, or none: every table counts as changed then. */
async function readVersions(
  db: Kysely<unknown>,
  { names, database }: VersionsToRead,
): Promise<Map<string, number>> {
  const { rows } = await sql<{
    name: string
    version: unknown
    database: string | null
    autocommit: unknown
  }>`
    select table_name as name, cast(sum(version) as unsigned) as version, database() as \`database\`, @@autocommit as autocommit
    from ${sql.ref(VERSION_TABLE)} where table_name in (${sql.join(names)}) group by table_name
    limit ${sql.lit(names.length)}`.execute(db.withoutPlugins())
  // Without autocommit, the statement has begun another transaction.
  if (rows.some(({ autocommit }) => Number(autocommit) === 0))
    await sql`rollback`.execute(db.withoutPlugins())
  const own = rows.filter(
    (row) => database === undefined || row.database?.toLowerCase() === database.toLowerCase(),
  )
  return new Map(own.map(({ name, version }) => [name, Number(version)]))
}
