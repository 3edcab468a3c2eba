import { randomBytes } from 'node:crypto'
import { type Connection, createConnection } from 'mysql2/promise'
import { createDatabase } from '../database/create-database.ts'
import { quoteName } from '../database/statement.ts'
import { ConfigurationError } from '../errors.ts'
import { type MigrationFolder, migrate } from './migration-folder.ts'
import { startThrowawayServer, type ThrowawayServer } from './server/throwaway-server.ts'

/** A database for tests, dropped with `drop()` or at the end of an `await using` block. */
export interface TestDatabase extends AsyncDisposable {
  /** `mysql://…/NAME`, for `createDatabase({ uri })`. */
  readonly url: string
  readonly name: string
  /** Drops it; close what is connected to it before. */
  drop(): Promise<void>
}

export interface TestDatabaseOptions {
  /**
   * Where it is made: a throwaway server, or a URL whose user may create databases. Without one a throwaway server is
   * started, for all databases of this process, and is gone with it.
   */
  readonly server?: Pick<ThrowawayServer, 'url'> | string
  /** Its name begins with this (default `lookup`); `_test_` and eight digits made by chance follow. */
  readonly name?: string
  /** The folder of migrations to run in it, or how to run them. */
  readonly migrations?: MigrationFolder | string
}

/** Seconds that a statement waits for others who still use what it drops. */
const PATIENCE = 10

let ownServer: Promise<ThrowawayServer> | undefined

/**
 * Makes a new database of its own name, in utf8mb4, and runs migrations in it.
 *
 * ```ts
 * await using database = await createTestDatabase({ migrations: 'migrations' })
 * const db = createDatabase<DB>({ uri: database.url })
 * ```
 */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { name: start = 'lookup', migrations } = options
  const name = `${start}_test_${randomBytes(4).toString('hex')}`
  if (name.length > 64) {
    throw new ConfigurationError(`createTestDatabase: expected a name of up to 50 characters, got ${start}.`)
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
    // It is not repeated: it may hold a password.
    throw new ConfigurationError(
      'createTestDatabase: expected as server a throwaway server or a URL, mysql://user:password@host:port/, and got something else.',
    )
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
