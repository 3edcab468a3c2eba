import type { Kysely, Transaction } from 'kysely'
import { generatedTables } from '../../src/codegen/generated-tables.ts'
import {
  createDatabase,
  createRepositories,
  type DatabaseOptions,
  type DecodingOptions,
  type RepositoriesOptions,
  type Repository,
  type TablesMetadata,
} from '../../src/index.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import type { TransactionOptions } from '../../src/repositories/transaction.ts'
import type { RepositoriesMembers } from '../../src/repositories/types.ts'
import type { Writes } from '../../src/repositories/writes.ts'
import { readForeignKeys } from '../../src/schema/foreign-keys.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import { closedAfterFile } from './closing.ts'
import {
  createTestDatabase,
  runStatements,
  type StatementCounter,
  statementCounter,
  type TestDatabase,
} from './server.ts'
import { settleLookups } from './settled-lookups.ts'

export type AnyRow = Readonly<Record<string, unknown>>
export type AnyDB = Record<string, AnyRow>
export type AnyRepository = Repository<AnyRow, unknown, unknown> & Writes<AnyRow, unknown> & AnyReferences

interface AnyReferences {
  findReferenced(row: AnyRow, reference: string): Promise<AnyRow | undefined>
  findReferencedOrThrow(row: AnyRow, reference: string): Promise<AnyRow>
}

type Members = RepositoriesMembers<AnyDB, TablesMetadata>

/** Repositories over tables that are known only at run time: any key compiles. */
export type AnyRepositories = Readonly<Record<string, AnyRepository>> &
  Omit<Members, '$forRequest' | '$withTransaction' | '$transaction'> & {
    $table(name: string): AnyRepository
    $forRequest(): AnyRepositories
    $withTransaction(transaction: unknown): AnyRepositories
    $transaction<Result>(
      fn: (transaction: AnyTransaction) => Promise<Result>,
      options?: TransactionOptions,
    ): Promise<Result>
  }

export type AnyTransaction = Readonly<Record<string, AnyRepository>> & {
  readonly $db: Transaction<AnyDB>
  $table(name: string): AnyRepository
}

export interface Lookups extends AsyncDisposable {
  readonly test: TestDatabase
  readonly db: Kysely<AnyDB>
  /** The metadata of the database as it was after the statements. */
  readonly tables: TablesMetadata
  /** It begins to count when the connections for lookups are open and none is in use. */
  readonly counter: StatementCounter
  repositories(options?: Partial<RepositoriesOptions<AnyDB, TablesMetadata>>): AnyRepositories
  /** Makes the version table, and tracks these tables. */
  track(...tables: readonly string[]): Promise<void>
  /** Does the work while the table has another name. */
  without(table: string, work: () => Promise<void>): Promise<void>
  /** Runs statements past the library, on a connection of their own. */
  run(...statements: readonly string[]): ReturnType<typeof runStatements>
}

/** A database of its own on the server under test, with what the statements make. */
export async function lookups(
  statements: readonly string[],
  options: DatabaseOptions = {},
): Promise<Lookups> {
  const test = await createTestDatabase()
  await runStatements(test.url, ...statements)
  const db = closedAfterFile(createDatabase<AnyDB>({ uri: test.url, ...options }))
  const tables = await metadataOf(db, options)
  const counter = await statementCounter(test.url)
  return {
    test,
    db,
    tables,
    counter: {
      ...counter,
      async during(work) {
        await settleLookups(db)
        return await counter.during(work)
      },
    },
    // The poll is off: statements are counted. A machine that stands still for a while is no server that does not answer.
    repositories: (more) =>
      createRepositories({
        db,
        tables,
        timeout: 120_000,
        versions: { pollInterval: 2 ** 31 - 1 },
        ...more,
      }) as unknown as AnyRepositories,
    async track(...tables) {
      await createVersionTable(db)
      for (const table of tables) await trackVersion(db, table)
    },
    async without(table, work) {
      await runStatements(test.url, `rename table ${table} to ${table}_away`)
      await work().finally(() => runStatements(test.url, `rename table ${table}_away to ${table}`))
    },
    run: (...more) => runStatements(test.url, ...more),
    async [Symbol.asyncDispose]() {
      await db[Symbol.asyncDispose]()
      await counter.close()
      await test.drop()
    },
  }
}

/** The metadata as `generate` writes it under these options. */
export async function metadataOf(
  db: Kysely<AnyDB>,
  { bigint = 'number', tinyint1 = 'number', zeroDates = 'error' }: DecodingOptions = {},
): Promise<TablesMetadata> {
  const { tables } = await readSchema(db)
  const foreignKeys = await readForeignKeys(db)
  const generated = generatedTables(tables, { bigint, tinyint1, zeroDates, foreignKeys })
  return Object.fromEntries(generated.tables.map(({ name, metadata }) => [name, metadata]))
}

/** Countries under a case-insensitive code, with a byte-exact unique key and an index. */
export const COUNTRIES = [
  `create table country (
    code char(2) character set utf8mb4 collate utf8mb4_general_ci not null primary key,
    alpha3 char(3) character set ascii collate ascii_bin not null,
    name varchar(50) character set utf8mb4 collate utf8mb4_unicode_520_ci not null,
    continent char(2) character set ascii collate ascii_bin not null,
    unique key country_alpha3 (alpha3),
    key country_continent (continent, name)
  )`,
  `insert into country values
    ('FR', 'FRA', 'France', 'EU'), ('DE', 'DEU', 'Germany', 'EU'), ('JP', 'JPN', 'Japan', 'AS'),
    ('US', 'USA', 'United States', 'NA'), ('CA', 'CAN', 'Canada', 'NA')`,
]

/** `size` rows with the ids 1 to `size`. */
export function numbered(table: string, size: number): string[] {
  const values = Array.from({ length: size }, (_, index) => `(${index + 1}, 'row ${index + 1}')`)
  return [
    `create table ${table} (id int unsigned not null primary key,
      label varchar(20) character set ascii collate ascii_bin not null)`,
    `insert into ${table} values ${values.join(', ')}`,
  ]
}
