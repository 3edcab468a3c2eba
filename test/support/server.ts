import type { RowDataPacket } from 'mysql2/promise'
import { createConnection } from 'mysql2/promise'
import {
  parseServerVersion,
  type ServerSystem,
  type ServerVersion,
} from '../../src/database/server-version.ts'
import {
  createTestDatabase as createDatabaseOn,
  type TestDatabase as LibraryTestDatabase,
} from '../../src/testing/test-database.ts'
import { closedAfterFile } from './closing.ts'
import { startEmbeddedServer } from './embedded-server.ts'

export type TestDatabase = ServerVersion & LibraryTestDatabase

/** In TEST_SERVER_URL: the file was found to ask no server. */
export const NO_SERVER = 'none'

let serverUrl: Promise<string> | undefined

/**
 * The server under test: test/run.ts names it; for a test file run by itself one is started. What else leads to it is in
 * `support/runner/server-use.ts`, from which the runner knows the servers that a file has to be run on.
 */
export function testServerUrl(): Promise<string> {
  serverUrl ??= findServer()
  return serverUrl
}

async function findServer(): Promise<string> {
  const url = process.env.TEST_SERVER_URL
  if (url === NO_SERVER)
    throw new Error('support/runner/server-use.ts takes this for a file that asks no server')
  return url || (await startEmbeddedServer()).url
}

/** MariaDB or MySQL. A test that asks nothing else of the server under test runs on one of each. */
export async function systemUnderTest(): Promise<ServerSystem> {
  return (await identifyServer(await testServerUrl())).system
}

/**
 * A new, empty database of its own name on the server under test, or another one; its URL is of the user that may do
 * everything.
 */
export async function createTestDatabase(
  options: { readonly name?: string; readonly server?: string } = {},
): Promise<TestDatabase> {
  const { server = await testServerUrl() } = options
  const identity = await identifyServer(server)
  const database = closedAfterFile(await createDatabaseOn({ ...options, server }))
  return { ...identity, ...database, drop: async () => database[Symbol.asyncDispose]() }
}

/** Asks a server what it is. */
export async function identifyServer(url: string): Promise<ServerVersion> {
  await using connection = await connect(url)
  return await connection.identify()
}

/** Runs statements one after the other on a connection of their own; answers the rows of the last. */
export async function runStatements(url: string, ...statements: readonly string[]): Promise<RowDataPacket[]> {
  await using connection = await connect(url)
  let rows: RowDataPacket[] = []
  for (const statement of statements) rows = await connection.query(statement)
  return rows
}

/**
 * The server's counters that tests ask for. MariaDB 10.11 and MySQL 9.7 count alike:
 *
 * - a SELECT moves `Com_select` and `Questions` by one, in the text protocol or prepared;
 * - a prepared one moves `Com_stmt_execute` too, and preparing it `Com_stmt_prepare` alone;
 * - an execution that finds its table altered counts twice, with one `Com_stmt_prepare` and one `Com_stmt_reprepare`;
 * - a connection's end counts in `Questions`, some time after the client has gone: prefer the `Com_` counters.
 *
 * So `Com_select` is every SELECT sent, and `Com_select - Com_stmt_execute` those of the text protocol.
 */
const counterNames = [
  'Com_begin',
  'Com_commit',
  'Com_delete',
  'Com_insert',
  'Com_rollback',
  'Com_select',
  'Com_set_option',
  'Com_stmt_close',
  'Com_stmt_execute',
  'Com_stmt_prepare',
  'Com_stmt_reprepare',
  'Com_update',
  'Connections',
  'Questions',
] as const

export type StatementCounts = Readonly<Record<(typeof counterNames)[number], number>>

export interface StatementCounter extends AsyncDisposable {
  /** What everybody made the server do while `work` ran, the counter's own statements left out. */
  during(work: () => unknown): Promise<StatementCounts>
  close(): Promise<void>
}

/** Reads the server's own counters on a connection of its own. They are exact as long as nobody else uses the server. */
export async function statementCounter(url: string): Promise<StatementCounter> {
  const connection = await connect(url)
  const names = counterNames.map((name) => `'${name}'`).join(', ')
  const read = async () => {
    const rows = await connection.query(`show global status where variable_name in (${names})`)
    return new Map(rows.map((row) => [String(row.Variable_name), Number(row.Value)]))
  }
  const counter: StatementCounter = {
    async during(work) {
      const before = await read()
      await work()
      const after = await read()
      const difference = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
      const counts = Object.fromEntries(
        counterNames.map((name) => [name, difference(name)]),
      ) as StatementCounts
      // The second reading counts itself.
      return { ...counts, Questions: counts.Questions - 1 }
    },
    close: async () => counter[Symbol.asyncDispose](),
    [Symbol.asyncDispose]: async () => connection[Symbol.asyncDispose](),
  }
  return closedAfterFile(counter)
}

interface SupportConnection extends AsyncDisposable {
  query(statement: string): Promise<RowDataPacket[]>
  identify(): Promise<ServerVersion>
}

async function connect(url: string): Promise<SupportConnection> {
  const connection = await createConnection(url)
  const query = async (statement: string) => (await connection.query<RowDataPacket[]>(statement))[0]
  return {
    query,
    async identify() {
      const [row] = await query('select version() as version')
      return parseServerVersion(String(row?.version))
    },
    [Symbol.asyncDispose]: async () => connection.end(),
  }
}
