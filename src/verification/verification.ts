import type { Kysely } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import type { TableMetadata } from '../metadata.ts'
import { deniedReading } from '../schema/denied-reading.ts'
import { readSchema } from '../schema/read-schema.ts'
import { type Difference, differenceOf, liveTables } from '../schema/schema-difference.ts'

/** Checks, once before the first read, what could make an answer wrong. */
export interface Verification {
  /**
   * Resolves when the table is as the generated metadata says. One that is not rejects every time with the same
   * `ConfigurationError`; a failure to reach the server is not remembered.
   */
  verify(table: string, over: Kysely<unknown>): Promise<void>
  verifyAll(over: Kysely<unknown>): Promise<void>
}

/** By table name what is wrong with it; an empty map where all is well. */
type Findings = ReadonlyMap<string, ConfigurationError>

/** Asks on the connection of the first reader: a transaction may hold the only one there is. */
export function createVerification(tables: readonly TableMetadata[]): Verification {
  let settled: Findings | undefined
  const attempts = new WeakMap<Kysely<unknown>, Promise<Findings>>()

  // One attempt per connection source: a transaction must not wait for one that waits for its connection.
  async function find(db: Kysely<unknown>): Promise<Findings> {
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
      if (!error) return
      const problem = [error, ...others].map((one) => one.problem).join('; ')
      throw new ConfigurationError({ kind: error.kind, problem, fix: error.fix })
    },
  }
}

async function verifyDatabase(db: Kysely<unknown>, tables: readonly TableMetadata[]): Promise<Findings> {
  const schema = await readSchema(db, { tables: tables.map(({ name }) => name) })
  const liveTable = liveTables(schema)
  const findings = new Map<string, ConfigurationError>()
  for (const table of tables) {
    const live = liveTable(table.name)
    // Builds of before a migration go on.
    const difference = differenceOf(table, live, { allowGrowth: true })
    if (!difference) continue
    const denied = await deniedReading(db, table, live)
    findings.set(table.name, denied ? missingRight(table, denied) : staleTable(table, difference))
  }
  return findings
}

function staleTable({ name }: TableMetadata, { text }: Difference): ConfigurationError {
  return new ConfigurationError({
    kind: 'generated-file',
    problem: `${name}: the generated metadata is stale: ${text}`,
    fix: 'Run kysely-lookup generate, and migrate if the database is behind.',
  })
}

function missingRight({ name }: TableMetadata, cause: Error): ConfigurationError {
  return new ConfigurationError({
    kind: 'rights',
    problem: `${name}: the database user may not read it: ${cause.message}`,
    fix: 'Grant SELECT on the table and its columns to the user, or migrate if the database is behind.',
    cause,
  })
}
