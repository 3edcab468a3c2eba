import type { Kysely } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import type { TableMetadata } from '../metadata.ts'
import { readSchema } from '../schema/read-schema.ts'
import { differenceOf } from '../schema/schema-difference.ts'

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

/** Asks over the connection of whoever reads first: a transaction may hold the only one there is. */
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
  const live = new Map(schema.tables.map((table) => [table.metadata.name, table]))
  const findings = new Map<string, ConfigurationError>()
  for (const table of tables) {
    const difference = differenceOf(table, live.get(table.name))
    if (difference) {
      findings.set(
        table.name,
        new ConfigurationError({
          kind: 'generated-file',
          problem: `${table.name}: the generated metadata is stale: ${difference}`,
          fix: 'Run kysely-lookup generate, and migrate if the database is behind.',
        }),
      )
    }
  }
  return findings
}
