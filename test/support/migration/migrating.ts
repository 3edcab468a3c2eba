import assert from 'node:assert/strict'
import { ConfigurationError } from '../../../src/index.ts'
import { createVersionTable } from '../../../src/migration/index.ts'
import { type Lookups, lookups } from '../lookups.ts'

export interface Migrating extends Lookups {
  /** The table's version: the sum over its slots, 0 without a row. */
  version(table: string): Promise<number>
  /** How far the version moved during `work`. */
  moved(table: string, work: () => unknown): Promise<number>
  /** Names of the triggers that are there, in order. */
  triggers(): Promise<readonly string[]>
}

/** A database with what the statements make and a version table. */
export async function migrating(statements: readonly string[]): Promise<Migrating> {
  const data = await lookups(statements)
  await createVersionTable(data.db)
  const version = async (table: string) => {
    const rows = await data.run('select table_name, sum(version) version from lookup_version group by 1')
    return Number(rows.find((row) => row.table_name === table)?.version ?? 0)
  }
  return {
    ...data,
    version,
    async moved(table, work) {
      const before = await version(table)
      await work()
      return (await version(table)) - before
    },
    async triggers() {
      const rows = await data.run(
        'select trigger_name name from information_schema.triggers where trigger_schema = database()',
      )
      return rows.map(({ name }) => String(name)).sort()
    },
  }
}

/** Matches what a frozen table answers. */
export function frozen(table: string): object {
  return {
    errno: 1644,
    sqlState: '45000',
    message: new RegExp(`^${table} is frozen\\. Correct it with amend\\(\\) of kysely-lookup/migration$`),
  }
}

/** Matches a ConfigurationError of a problem and a fix whose message has each of the texts. */
export function refusal(...texts: readonly (string | RegExp)[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof ConfigurationError, String(error))
    assert.match(error.problem, /^[^\n]*[^.\n]$/)
    assert.match(error.fix, /^[A-Z].*\.$/s)
    assert.equal(error.message, `${error.problem}. ${error.fix}`)
    for (const text of texts) {
      assert.ok(
        typeof text === 'string' ? error.message.includes(text) : text.test(error.message),
        `expected ${text} in: ${error.message}`,
      )
    }
    return true
  }
}

/** Two cities of one country; a city's name is free to change. */
export const CITIES = [
  'create table city (id int primary key, name varchar(50) not null, country char(2) not null) engine = InnoDB',
  "insert into city values (1, 'Paris', 'FR'), (2, 'Lyon', 'FR')",
]
