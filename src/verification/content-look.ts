import { type Kysely, sql } from 'kysely'
import { inCurrentDatabase } from '../database/current-database.ts'
import { quoteName } from '../database/statement.ts'
import type { TableMetadata } from '../metadata.ts'
import { namespaceOf, type TableContent } from '../store/namespace.ts'
import { readServerIdentity } from '../versions/server-identity.ts'
import { CLOCK_LIMIT, VERSION_TABLE } from '../versions/version-table.ts'

/** A table whose rows may be in a store. */
export interface LookedUpTable {
  readonly table: TableMetadata
  readonly mode: 'immutable' | 'versioned'
}

/**
 * Looks what tells the content of each table from any other, by its name in the database. A table is left without a namespace where
 * something could change it that does not show: without all its triggers, and with partitions.
 */
export async function lookAtContents(
  db: Kysely<unknown>,
  tables: readonly LookedUpTable[],
): Promise<ReadonlyMap<string, TableContent>> {
  const server = await readServerIdentity(db)
  const counters = await readCounters(db)
  const structures = await readStructures(db, tables)
  const contents = new Map<string, TableContent>()
  // Read last: what has changed since the versions tell, or the next look does.
  for (const [name, { slots, database, now, isEmpty }] of await readSlots(db, tables)) {
    const { table, mode } = tables.find((one) => one.table.name === name)!
    const structure = structures.get(name)
    const numbers = slots.map(([, version]) => Number(version))
    const times = numbers.map((number) => number % CLOCK_LIMIT)
    // TRUNCATE leaves a table as old as it was, at the version that it had. Rows that come after it move the version of a tracked one.
    const truncated = mode === 'versioned' ? isEmpty : counters?.truncations
    contents.set(name, {
      namespace:
        server && counters && structure !== undefined
          ? namespaceOf(table, {
              ...{ server: server.text, database, slots: JSON.stringify(slots) },
              // IMPORT TABLESPACE and the like leave the creation time.
              table: JSON.stringify([structure, mode, truncated, counters.alterations]),
            })
          : undefined,
      version: numbers.reduce((sum, one) => sum + one, 0),
      age: Math.max(0, now - Math.max(...times)),
    })
  }
  return contents
}

/** How often the server has truncated and altered tables; undefined where it does not say. */
async function readCounters(
  db: Kysely<unknown>,
): Promise<{ readonly truncations: string; readonly alterations: string } | undefined> {
  // MySQL's table of counters leaves them out.
  const { rows } = await sql<{ Variable_name: string; Value: string }>`
    show global status where variable_name in ('Com_truncate', 'Com_alter_table')`.execute(
    db.withoutPlugins(),
  )
  const counts = new Map(rows.map(({ Variable_name, Value }) => [Variable_name, String(Value)]))
  const [truncations, alterations] = [counts.get('Com_truncate'), counts.get('Com_alter_table')]
  return truncations === undefined || alterations === undefined ? undefined : { truncations, alterations }
}

/** By table, when it and its triggers were made; none where that does not tell it from another one. */
async function readStructures(
  db: Kysely<unknown>,
  tables: readonly LookedUpTable[],
): Promise<ReadonlyMap<string, string>> {
  const own = db.withoutPlugins()
  const names = sql.join(tables.map(({ table }) => table.name))
  const { rows } = await sql<Record<'name' | 'created' | 'options', unknown>>`
    select table_name as name, cast(create_time as char) as created, create_options as options
    from information_schema.tables
    where ${sql.raw(inCurrentDatabase('table_schema'))} and table_name in (${names})`.execute(own)
  const { rows: triggers } = await sql<Record<'name' | 'created', unknown>>`
    select event_object_table as name, cast(max(created) as char) as created from information_schema.triggers
    where ${sql.raw(inCurrentDatabase('event_object_schema'))} and event_object_table in (${names})
    group by event_object_table`.execute(own)
  const guarded = await guardedTables(db, tables)
  const newest = new Map(triggers.map(({ name, created }) => [String(name), String(created)]))
  return new Map(
    rows
      .map(({ name, created, options }) => ({ name: String(name), created, options: String(options ?? '') }))
      .filter(({ name, created, options }) => {
        return created !== null && guarded.has(name) && !/partitioned/i.test(options)
      })
      .map(({ name, created }) => [name, JSON.stringify([created, newest.get(name) ?? null])]),
  )
}

/** The tables that have all their triggers. */
async function guardedTables(
  db: Kysely<unknown>,
  tables: readonly LookedUpTable[],
): Promise<ReadonlySet<string>> {
  const those = (mode: LookedUpTable['mode']) =>
    tables.filter((one) => one.mode === mode).map(({ table }) => table.name)
  const { versionTriggers } = await import('../migration/tracking.ts')
  const { frozenTriggers } = await import('../migration/freezing.ts')
  const states = [
    ...(await versionTriggers(db, those('versioned'))),
    ...(await frozenTriggers(db, those('immutable'))),
  ]
  return new Set(
    states
      .filter(([, triggers]) => triggers.length > 0)
      .filter(([, triggers]) => triggers.every(({ state }) => ['live', 'outdated', 'hidden'].includes(state)))
      .map(([name]) => name),
  )
}

interface Slots {
  readonly database: string
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: number
  /** Each slot and its version. */
  readonly slots: (readonly [number, string])[]
  readonly isEmpty: boolean
}

/** By table, of one snapshot each. */
async function readSlots(
  db: Kysely<unknown>,
  tables: readonly LookedUpTable[],
): Promise<ReadonlyMap<string, Slots>> {
  const slots = new Map<string, Slots>()
  if (tables.length === 0) return slots
  const filled = tables.map(
    ({ table }) =>
      sql`select ${table.name} as name, exists(select 1 from ${sql.raw(quoteName(table.name))}) as filled`,
  )
  const { rows } = await sql<Record<'name' | 'slot' | 'version' | 'filled' | 'database' | 'now', unknown>>`
    select t.name as name, v.slot as slot, cast(v.version as char) as version, t.filled as filled,
      database() as ${sql.ref('database')},
      cast(timestampdiff(microsecond, '1970-01-01', utc_timestamp(3)) div 1000 as char) as now
    from (${sql.join(filled, sql` union all `)}) t
    join ${sql.raw(VERSION_TABLE)} v on cast(v.table_name as binary) = cast(t.name as binary)
    order by name, slot`.execute(db.withoutPlugins())
  for (const row of rows) {
    const name = String(row.name)
    const known = slots.get(name) ?? {
      ...{ database: String(row.database), now: Number(row.now), isEmpty: Number(row.filled) === 0 },
      slots: [],
    }
    slots.set(name, known)
    known.slots.push([Number(row.slot), String(row.version)])
  }
  return slots
}
