import { type Kysely, sql } from 'kysely'
import type { FollowedCache } from '../cache/process-cache.ts'
import { inCurrentDatabase } from '../database/current-database.ts'
import { cascadeSources, describeKey, readCascadingKeys } from '../migration/cascade.ts'
import { frozenTriggers } from '../migration/freezing.ts'
import { slotsWritten, versionTriggers } from '../migration/tracking.ts'
import type { TriggerState } from '../migration/trigger.ts'
import { NO_SLOTS, readTableSlots, slotsFault, type TableSlots } from '../versions/table-slots.ts'
import { VERSION_TABLE } from '../versions/version-table.ts'
import type { CheckTarget } from './check-target.ts'
import type { Finding, Report } from './finding.ts'
import { lockTablesNotes } from './lock-tables.ts'
import { deniedRight } from './server-error.ts'

/** Checks that the database guards cached tables: frozen tables cannot change, and versioned tables report that they did. */
export async function checkVersions({ owner, service, cached }: CheckTarget): Promise<Report> {
  const guards = [...cached].flatMap(([table, { mode }]): Guard[] =>
    // What expires needs no triggers.
    mode === 'expiring' ? [] : [{ table, mode }],
  )
  if (guards.length === 0) return { findings: [] }
  const names = guards.map(({ table }) => table)
  const engines = await readEngines(owner)
  const slots = engines.has(VERSION_TABLE) ? await readSlots(owner) : 'missing'
  const [tracked, frozen] = [await versionTriggers(owner, names), await frozenTriggers(owner, names)]
  const keys = await readCascadingKeys(owner)
  const findings = guards.flatMap((guard) => {
    const { table, mode } = guard
    // Another check reports a table that does not exist.
    if (!engines.has(table)) return []
    const wanted = mode === 'immutable' ? frozen : tracked
    return [
      ...engineFinding(table, engines.get(table)),
      ...guardFindings(guard, wanted.get(table) ?? [], {
        slots,
        written: slotsWritten(tracked.get(table) ?? []),
      }),
      ...cascadeFindings(guard, cascadeSources(keys, table)),
    ]
  })
  const isTracked = (table: string) => tracked.get(table)?.some(({ state }) => state !== 'missing')
  const versioned = guards.filter(({ mode, table }) => mode === 'versioned' && isTracked(table))
  const notes = await lockTablesNotes(
    owner,
    versioned.map(({ table }) => table),
  )
  if (slots === 'missing') return { findings, notes }
  const versionTable = [
    ...engineFinding(VERSION_TABLE, engines.get(VERSION_TABLE)),
    ...(await readingFindings(service)),
  ]
  return { findings: [...versionTable, ...findings], notes }
}

interface Guard {
  readonly table: string
  readonly mode: FollowedCache['mode']
}

function fixOf({ table, mode }: Guard): string {
  const helper = mode === 'immutable' ? 'freeze' : 'trackVersion'
  return `Call ${helper}(db, ${JSON.stringify(table)}) of kysely-lookup/migration in a migration.`
}

function unguarded(guard: Guard, message: string, fix = fixOf(guard)): Finding {
  const code = guard.mode === 'immutable' ? 'not-frozen' : 'not-tracked'
  return { code, table: guard.table, message, fix }
}

function engineFinding(table: string, engine: string | undefined): Finding[] {
  if (engine === 'InnoDB') return []
  return [
    {
      code: 'not-innodb',
      table,
      message: `its engine is ${engine ?? 'not known'}, where a change that is rolled back stays`,
      fix: 'Run alter table … engine = InnoDB in a migration.',
    },
  ]
}

type Slots = ReadonlyMap<string, TableSlots> | 'missing' | 'hidden'

interface VersionRows {
  readonly slots: Slots
  /** How many rows triggers write, if that is known. */
  readonly written: number | undefined
}

/** One finding for all that a call of the helper repairs. */
function guardFindings(guard: Guard, triggers: readonly TriggerState[], versions: VersionRows): Finding[] {
  const inState = (state: TriggerState['state']) => triggers.filter((trigger) => trigger.state === state)
  const [missing, elsewhere] = partition(inState('missing'), ({ table }) => table === guard.table)
  const unguardedFinding = missingGuard(guard, versions, { missing, triggers })
  const change = changeOf(guard)
  const findings: Finding[] = unguardedFinding ? [unguardedFinding] : []
  if (!unguardedFinding && elsewhere.length > 0) {
    const tables = [...new Set(elsewhere.map(({ table }) => table))].join(', ')
    findings.push({
      code: 'cascade',
      table: guard.table,
      message: `changes of ${tables} reach it by a foreign key, and ${named(elsewhere)} missing there, so that they go unnoticed`,
      fix: fixOf(guard),
    })
  }
  const different = inState('different')
  if (different.length > 0) {
    findings.push({
      code: 'altered-trigger',
      table: guard.table,
      message: `${named(different)} not as this version of kysely-lookup makes ${different.length > 1 ? 'them' : 'it'}, so that ${change}`,
      fix: fixOf(guard),
    })
  }
  const outdated = inState('outdated')
  if (outdated.length > 0) {
    findings.push({
      code: 'outdated-trigger',
      table: guard.table,
      message: `${named(outdated)} as an earlier version of kysely-lookup made ${outdated.length > 1 ? 'them' : 'it'}: they count changes, but where MariaDB refuses a write under LOCK TABLES (error 1442), its message does not say to load dumps with --skip-add-locks`,
      fix: fixOf(guard),
    })
  }
  const [hidden] = inState('hidden')
  if (hidden) {
    findings.push({
      code: 'missing-right',
      table: guard.table,
      message: `what the trigger ${hidden.name} does cannot be seen without the right TRIGGER`,
      fix: 'Let check connect as the user that migrates, by --url or --config.',
    })
  }
  return findings
}

/** What of the table's own triggers and version rows is not there. */
function missingGuard(
  guard: Guard,
  { slots, written }: VersionRows,
  { missing, triggers }: Readonly<Record<'missing' | 'triggers', readonly TriggerState[]>>,
): Finding | undefined {
  if (slots === 'missing') {
    const message = `there is no table ${VERSION_TABLE}, so that changes go unnoticed`
    return unguarded(guard, message, `Call createVersionTable(db) first. ${fixOf(guard)}`)
  }
  const own = triggers.filter(({ table }) => table === guard.table)
  const faults: string[] = []
  if (missing.length > 0) {
    faults.push(missing.length === own.length ? 'it has no triggers' : `${named(missing)} missing`)
  }
  const present = slots === 'hidden' ? undefined : (slots.get(guard.table) ?? NO_SLOTS)
  const fault = present && slotsFault(present, written)
  if (fault) faults.push(fault)
  if (faults.length === 0) return undefined
  const change = missing.length > 0 ? changeOf(guard) : 'changes go unnoticed'
  return unguarded(guard, `${faults.join(', and ')}, so that ${change}`)
}

function changeOf({ mode }: Guard): string {
  return mode === 'immutable' ? 'rows can change' : 'changes go unnoticed'
}

/** `the trigger x is`, `the triggers x, y are`. */
function named(triggers: readonly TriggerState[]): string {
  const names = triggers.map(({ name }) => name).join(', ')
  return triggers.length > 1 ? `the triggers ${names} are` : `the trigger ${names} is`
}

function partition<T>(items: readonly T[], condition: (item: T) => boolean): [T[], T[]] {
  return [items.filter(condition), items.filter((item) => !condition(item))]
}

function cascadeFindings(guard: Guard, sources: ReturnType<typeof cascadeSources>): Finding[] {
  const bypassing = sources
    .map(({ key }) => key)
    .filter(({ child, parentDatabase }) =>
      guard.mode === 'immutable' ? child === guard.table : parentDatabase,
    )
  if (bypassing.length === 0) return []
  const keys = [...new Set(bypassing.map(describeKey))].join('; ')
  return [
    {
      code: 'cascade',
      table: guard.table,
      message: `its rows can change by a foreign key, which fires no trigger: ${keys}`,
      fix:
        guard.mode === 'immutable'
          ? "Make the foreign key's rule RESTRICT, or use trackVersion and cache the table as 'versioned'."
          : "Make the foreign key's rule RESTRICT, or remember the table per request only.",
    },
  ]
}

async function readingFindings(service: Kysely<unknown>): Promise<Finding[]> {
  try {
    await sql`select 1 from ${sql.ref(VERSION_TABLE)} limit 0`.execute(service.withoutPlugins())
    return []
  } catch (error) {
    const denied = deniedRight(error)
    if (denied) return [{ ...denied, table: VERSION_TABLE }]
    throw error
  }
}

async function readEngines(db: Kysely<unknown>): Promise<ReadonlyMap<string, string | undefined>> {
  const { rows } = await sql<{ name: string; engine: string | null }>`
    select table_name as name, engine as engine from information_schema.tables
    where ${sql.raw(inCurrentDatabase('table_schema'))}`.execute(db.withoutPlugins())
  return new Map(rows.map(({ name, engine }) => [name, engine ?? undefined]))
}

async function readSlots(db: Kysely<unknown>): Promise<Slots> {
  try {
    return await readTableSlots(db)
  } catch (error) {
    if (deniedRight(error)) return 'hidden'
    throw error
  }
}
