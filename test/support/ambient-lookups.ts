import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { type AnyRepositories, type AnyTransaction, type Lookups, lookups } from './lookups.ts'

const TABLES = [
  'create table plan (id int primary key, name varchar(50) not null, tier int not null default 1, key plan_tier (tier)) engine = InnoDB',
  'create table city (id int primary key, name varchar(50) not null) engine = InnoDB',
  'create table rate (id int primary key, name varchar(50) not null) engine = InnoDB',
  'create table note (id int primary key, name varchar(50) not null) engine = InnoDB',
]

/** What tests of ambient transactions read and write: a table of each cache mode, and `note`, which has none. */
export interface AmbientLookups {
  readonly data: Lookups
  /** Two rows in each table, and repositories that have read none of them. */
  begin(): Promise<AnyRepositories>
  /** The name of a row as the server has it committed. */
  stored(table?: string, id?: number): Promise<unknown>
}

export const FAILED = { code: 'KYSELY_LOOKUP_TRANSACTION_FAILED' }
export const STOP = new Error('stop')
export const ambient = { ambient: true } as const

export async function ambientLookups(): Promise<AmbientLookups> {
  const data = await lookups(TABLES)
  await createVersionTable(data.db)
  await trackVersion(data.db, 'plan')
  return {
    data,
    async begin() {
      for (const table of ['plan', 'city', 'rate', 'note']) {
        await data.run(
          `delete from ${table}`,
          `insert into ${table} (id, name) values (1, 'one'), (2, 'two')`,
        )
      }
      const repos = data.repositories({
        cache: { plan: 'versioned', city: 'immutable', rate: { mode: 'expiring', maxAge: 600_000 } },
      })
      await repos.$ready()
      return repos
    },
    async stored(table = 'plan', id = 1) {
      return (await data.run(`select name from ${table} where id = ${id}`))[0]?.name
    },
  }
}

/** The name of a row as the set has it. */
export async function nameIn(
  set: AnyRepositories | AnyTransaction,
  table = 'plan',
  id = 1,
): Promise<unknown> {
  return (await set[table]!.findByKey(id))?.name
}
