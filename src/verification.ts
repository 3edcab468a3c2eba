import { type Kysely, sql } from 'kysely'
import { LookupAdapter } from './database.ts'
import { ConfigurationError } from './errors.ts'
import { readSchema, type SchemaTable } from './schema.ts'
import type { IndexMetadata, TableMetadata } from './table.ts'

/** Checks, once before the first read, what could make an answer wrong. */
export interface Verification {
  /**
   * Resolves when the server, the session and the table are as the generated metadata says. A wrong set-up rejects
   * every time with the same `ConfigurationError`; a failure to reach the server is not remembered.
   */
  verify(table: string, over: Kysely<unknown>): Promise<void>
  verifyAll(over: Kysely<unknown>): Promise<void>
}

/** By table name what is wrong with it; an empty map where all is well. */
type Findings = ReadonlyMap<string, ConfigurationError>

/** Asks over the connection of whoever reads first: a transaction may hold the only one there is. */
export function createVerification(tables: readonly TableMetadata[]): Verification {
  let settled: Findings | ConfigurationError | undefined
  const attempts = new WeakMap<Kysely<unknown>, Promise<Findings>>()

  // One attempt per connection source: a transaction must not wait for one that waits for its connection.
  async function find(db: Kysely<unknown>): Promise<Findings> {
    if (settled instanceof ConfigurationError) throw settled
    if (settled) return settled
    let attempt = attempts.get(db)
    if (!attempt) {
      attempt = verifyDatabase(db, tables)
      attempts.set(db, attempt)
    }
    try {
      settled = await attempt
      return settled
    } catch (error) {
      attempts.delete(db)
      if (error instanceof ConfigurationError) settled = error
      throw error
    }
  }

  return {
    async verify(table, over) {
      const error = (await find(over)).get(table)
      if (error) throw error
    },
    async verifyAll(over) {
      const [error, ...others] = (await find(over)).values()
      if (error && others.length === 0) throw error
      if (error) throw new ConfigurationError([error, ...others].map(({ message }) => message).join('\n'))
    },
  }
}

async function verifyDatabase(db: Kysely<unknown>, tables: readonly TableMetadata[]): Promise<Findings> {
  await verifySession(db)
  if (!(db.getExecutor().adapter instanceof LookupAdapter)) await verifyDriver(db, tables)
  const schema = await readSchema(db, { tables: tables.map(({ name }) => name) })
  const live = new Map(schema.tables.map((table) => [table.metadata.name, table]))
  const findings = new Map<string, ConfigurationError>()
  for (const table of tables) {
    const difference = differenceOf(table, live.get(table.name))
    if (difference) {
      findings.set(
        table.name,
        new ConfigurationError(
          `${table.name}: the generated metadata is stale: ${difference}. Run kysely-lookup generate, and migrate if the database is behind.`,
        ),
      )
    }
  }
  return findings
}

const SESSION_VARIABLES = [
  'autocommit',
  'character_set_client',
  'character_set_connection',
  'character_set_results',
  'time_zone',
  'transaction_isolation',
  'tx_isolation',
  'version',
]

async function verifySession(db: Kysely<unknown>): Promise<void> {
  const names = sql.join(SESSION_VARIABLES.map((name) => sql.lit(name)))
  const { rows } = await sql<{ Variable_name: string; Value: string }>`
    show session variables where variable_name in (${names})`.execute(db.withoutPlugins())
  const session = new Map(rows.map(({ Variable_name, Value }) => [Variable_name, Value]))
  const refuse = (what: string, mend: string) => {
    throw new ConfigurationError(`The database session has ${what}. ${mend}`)
  }
  for (const name of ['character_set_client', 'character_set_connection', 'character_set_results']) {
    const charset = session.get(name)
    if (charset !== 'utf8mb4') {
      refuse(`${name} = ${charset}`, "Keys may hold any character: give the pool charset: 'utf8mb4'.")
    }
  }
  if (session.get('autocommit') !== 'ON') {
    refuse('autocommit off', 'Reads would see one old snapshot for ever: set autocommit = 1 for the pool.')
  }
  const isolation = session.get('transaction_isolation') ?? session.get('tx_isolation')
  if (isolation === 'READ-UNCOMMITTED') {
    refuse(
      'isolation level READ UNCOMMITTED',
      'Uncommitted rows would be cached: use READ COMMITTED or REPEATABLE READ.',
    )
  }
  if (session.get('time_zone') !== '+00:00') {
    refuse(
      `time_zone = ${session.get('time_zone')}`,
      "Dates are exchanged in UTC: run set time_zone = '+00:00' on every connection, or use createDatabase.",
    )
  }
  const version = session.get('version') ?? ''
  const [major = 0, minor = 0] = version.split('.').map(Number.parseFloat)
  const [wanted, since]: [string, number] = /mariadb/i.test(version)
    ? ['MariaDB 10.6', 10.06]
    : ['MySQL 8.0', 8]
  if (major + minor / 100 < since) {
    refuse(`server version ${version}`, `JSON_TABLE is needed: ${wanted} or later.`)
  }
}

/** What a driver's settings make of values: asked of the driver itself, for a Kysely instance hides its pool. */
async function verifyDriver(db: Kysely<unknown>, tables: readonly TableMetadata[]): Promise<void> {
  const used = new Set(tables.flatMap(({ columns }) => columns.map(({ type }) => type)))
  const { rows } = await sql<Record<string, unknown>>`
    select cast('2020-01-02' as date) d, timestamp('2020-01-02 03:04:05') t, cast('1.10' as decimal(4, 2)) n,
      cast(9007199254740993 as signed) b`.execute(db.withoutPlugins())
  const { d, t, n, b } = rows[0]!
  const time = t instanceof Date ? t.toISOString() : t
  const wrong = [
    used.has('date') && d !== '2020-01-02' && 'DATE (a string is expected)',
    (used.has('datetime') || used.has('timestamp')) &&
      time !== '2020-01-02T03:04:05.000Z' &&
      'DATETIME (a Date in UTC is expected)',
    used.has('decimal') && n !== '1.10' && 'DECIMAL (a string is expected)',
    used.has('bigint') && b === 9007199254740992 && 'BIGINT (rounded beyond 2^53)',
  ].filter((finding) => finding !== false)
  if (wrong.length > 0) {
    throw new ConfigurationError(
      `The Kysely instance's driver reads ${wrong.join(', ')} otherwise than the generated types say. Make it with createDatabase, whose values are as generated.`,
    )
  }
}

/** Columns and indexes that the generated file does not know of are no concern: a deploy may be under way. */
function differenceOf(table: TableMetadata, live: SchemaTable | undefined): string | undefined {
  if (!live) return 'the table does not exist in this database'
  if (live.unsupported) return live.unsupported
  const { metadata } = live
  const columns = new Map(metadata.columns.map((column) => [column.name, column]))
  for (const column of table.columns) {
    const now = columns.get(column.name)
    if (!now) return `column ${column.name} does not exist`
    for (const name of new Set([...Object.keys(column), ...Object.keys(now)])) {
      if (name === 'hasDefault') continue
      const [generated, found] = [column, now].map((one) => JSON.stringify(one[name as keyof typeof one]))
      if (generated !== found) return `column ${column.name} has ${name} ${found}, generated was ${generated}`
    }
  }
  if (metadata.primaryKey.join() !== table.primaryKey.join()) {
    return `the primary key is (${metadata.primaryKey.join(', ')}), generated was (${table.primaryKey.join(', ')})`
  }
  return missingIndex(table.uniqueKeys, metadata.uniqueKeys) ?? missingIndex(table.indexes, metadata.indexes)
}

function missingIndex(
  generated: readonly IndexMetadata[],
  live: readonly IndexMetadata[],
): string | undefined {
  const found = new Set(live.map(({ columns }) => JSON.stringify(columns)))
  const missing = generated.find(({ columns }) => !found.has(JSON.stringify(columns)))
  return missing && `index ${missing.name} (${missing.columns.join(', ')}) does not exist`
}
