import { randomBytes } from 'node:crypto'
import { type Connection, createConnection } from 'mysql2/promise'
import { createDatabase } from '../database/create-database.ts'
import { quoteName } from '../database/statement.ts'
import { ConfigurationError } from '../errors.ts'
import { type MigrationFolder, migrate } from './migration-folder.ts'
import { startThrowawayServer, type ThrowawayServer } from './server/throwaway-server.ts'

/**
 * A database for tests. It is dropped with `drop()`, or at the end of an `await using` block.
 *
 * @example
 * ```ts
 * await using database: TestDatabase = await createTestDatabase()
 * ```
 */
export interface TestDatabase extends AsyncDisposable {
  /** `mysql://…/NAME`, for `createDatabase({ uri })`. */
  readonly url: string
  /** The database's name. */
  readonly name: string
  /**
   * Drops the database. Close connections to it first.
   *
   * @example
   * ```ts
   * const database = await createTestDatabase()
   * await database.drop()
   * ```
   * @throws the server's error, for instance if the database is still in use after 10 s.
   */
  drop(): Promise<void>
}

/**
 * The options of `createTestDatabase`.
 *
 * @example
 * ```ts
 * const database = await createTestDatabase({ name: 'shop', migrations: 'migrations' })
 * ```
 */
export interface TestDatabaseOptions {
  /**
   * Where to create the database: a throwaway server, or the URL of a server whose user may create databases. By default one
   * throwaway server is started for all databases of this process, and ends with it.
   *
   * @example
   * ```ts
   * const database = await createTestDatabase({ server: process.env.TEST_SERVER })
   * ```
   */
  readonly server?: Pick<ThrowawayServer, 'url'> | string | undefined
  /**
   * The start of the database's name (default `lookup`). `_test_` and eight random hexadecimal digits follow.
   *
   * @example
   * ```ts
   * const database = await createTestDatabase({ name: 'shop' })
   * ```
   */
  readonly name?: string
  /**
   * The folder of migrations to run in the database, or how to run them (default none).
   *
   * @example
   * ```ts
   * const database = await createTestDatabase({ migrations: 'migrations' })
   * ```
   */
  readonly migrations?: MigrationFolder | string
}

/** Seconds that DROP waits while others still use the database. */
const PATIENCE = 10

let ownServer: Promise<ThrowawayServer> | undefined

/**
 * Creates a database with a unique name, in utf8mb4, and runs migrations in it.
 *
 * @example
 * ```ts
 * import { createDatabase } from 'kysely-lookup'
 *
 * await using database = await createTestDatabase({ migrations: 'migrations' })
 * const db = createDatabase<DB>({ uri: database.url })
 * ```
 * @throws ConfigurationError if there is no server, an option is wrong, or a migration fails.
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { name: start = 'lookup', migrations } = options
  const name = `${start}_test_${randomBytes(4).toString('hex')}`
  if (name.length > 64) {
    throw new ConfigurationError({
      kind: 'option',
      problem: `createTestDatabase: expected a name of up to 50 characters, got ${start}`,
      fix: 'Shorten it.',
    })
  }
  const server = await serverUrl(options.server)
  await run(server, `create database ${quoteName(name)} character set utf8mb4`)
  const url = new URL(server)
  url.pathname = `/${encodeURIComponent(name)}`
  const database: TestDatabase = {
    url: url.href,
    name,
    drop: () => drop(server, name),
    [Symbol.asyncDispose]: () => database.drop(),
  }
  if (migrations === undefined) return database
  try {
    const db = createDatabase({ uri: database.url, connectionLimit: 2 })
    try {
      await migrate(db, typeof migrations === 'string' ? { folder: migrations } : migrations)
    } finally {
      await db.destroy()
    }
    return database
  } catch (error) {
    await database.drop()
    throw error
  }
}

async function serverUrl(server: TestDatabaseOptions['server']): Promise<string> {
  if (server === undefined) {
    ownServer ??= startThrowawayServer().catch((error) => {
      ownServer = undefined
      throw error
    })
    return (await ownServer).url
  }
  const url = typeof server === 'string' ? server : server?.url
  if (!URL.canParse(url) || !['mysql:', 'mariadb:'].includes(new URL(url).protocol)) {
    // The message does not repeat it: it may contain a password.
    throw new ConfigurationError({
      kind: 'option',
      problem: 'createTestDatabase: expected as server a throwaway server or a URL, got something else',
      fix: 'Pass what startThrowawayServer returned, or mysql://user:password@host:port/.',
    })
  }
  return url
}

async function drop(server: string, name: string): Promise<void> {
  await run(
    server,
    `set session lock_wait_timeout = ${PATIENCE}`,
    `drop database if exists ${quoteName(name)}`,
  )
}

async function run(url: string, ...statements: readonly string[]): Promise<void> {
  let connection: Connection | undefined
  try {
    connection = await createConnection(url)
    for (const statement of statements) await connection.query(statement)
  } finally {
    await connection?.end()
  }
}
