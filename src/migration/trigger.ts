import { createHash } from 'node:crypto'
import { type QueryExecutorProvider, sql } from 'kysely'
import { inCurrentDatabase } from '../database/current-database.ts'
import { ER_SPECIFIC_ACCESS_DENIED_ERROR, errorNumber } from '../database/server-errors.ts'
import { quoteName } from '../database/statement.ts'
import { run, withoutPlugins } from './server-statement.ts'

/**
 * A trigger that this library creates.
 *
 * @example
 * ```ts
 * const show = ({ name, timing, event, table }: Trigger) => `${name}: ${timing} ${event} on ${table}`
 * ```
 */
export interface Trigger {
  /** Its name in the database. */
  readonly name: string
  /** The table it is on. */
  readonly table: string
  /** When it runs. */
  readonly timing: 'before' | 'after'
  /** What it runs for. */
  readonly event: 'insert' | 'update' | 'delete'
  /** The SQL of its body. */
  readonly body: string
}

/** A trigger on the server. */
export interface LiveTrigger extends Omit<Trigger, 'body'> {
  /** Absent if the user may not see it. */
  readonly body?: string
  /** Whether it belongs to the user of this connection. */
  readonly own: boolean
}

/**
 * A trigger that a table needs, and whether the server has it.
 *
 * @example
 * ```ts
 * const missing = (states: readonly TriggerState[]) => states.filter(({ state }) => state === 'missing')
 * ```
 */
export interface TriggerState extends Trigger {
  /**
   * `live`: the server has it. `missing`: the server does not. `different`: the name belongs to a trigger on another table or with
   * another body. `hidden`: it exists, but without the TRIGGER right its body cannot be seen.
   */
  readonly state: 'live' | 'hidden' | 'missing' | 'different'
}

export const triggerKinds = ['lookup_version', 'lookup_cascade', 'lookup_frozen'] as const

export type TriggerKind = (typeof triggerKinds)[number]

/** The names of this library's triggers. */
export const libraryTrigger = /^lookup_(version|cascade|frozen)_(insert|update|delete)_/

/** Names have at most 64 characters and ignore case, so names that are not plain get a hash. */
export function triggerName(options: {
  readonly kind: TriggerKind
  readonly event: Trigger['event']
  readonly table: string
  /** The table that the trigger is on, if it is not `table`. */
  readonly on?: string
}): string {
  const { kind, event, table, on } = options
  return `${kind}_${event}_${shortName(table)}${on === undefined ? '' : `_${hash(on, 8)}`}`
}

function shortName(table: string): string {
  if (/^[a-z\d_]{1,33}$/.test(table)) return table
  const legible = table.toLowerCase().replaceAll(/[^a-z\d]+/g, '_')
  return `${legible.slice(0, 20)}_${hash(table, 12)}`
}

function hash(text: string, digits: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, digits)
}

/** Whether {@link triggerName} gave a trigger its name for the table, whichever table it is on. */
export function isTriggerOf(name: string, kinds: readonly TriggerKind[], table: string): boolean {
  const kind = kinds.find((one) => name.startsWith(`${one}_`))
  const rest = kind && name.slice(kind.length + 1).replace(/^(insert|update|delete)_/, '')
  const short = shortName(table)
  if (kind !== 'lookup_cascade') return rest === short
  return rest?.slice(0, -9) === short && /_[\da-f]{8}$/.test(rest)
}

/** Every trigger of the current database that the user may see. */
export async function readTriggers(db: QueryExecutorProvider): Promise<readonly LiveTrigger[]> {
  const rows = await run<Record<'name' | 'tablename' | 'timing' | 'event' | 'body' | 'own', unknown>>(
    db,
    `select trigger_name as name, event_object_table as tablename, action_timing as timing,
      event_manipulation as event, action_statement as body, definer = current_user() as own
      from information_schema.triggers where ${inCurrentDatabase('trigger_schema')}`,
  )
  // Drivers return some of these long texts as bytes.
  return rows.map((row) => ({
    name: String(row.name),
    table: String(row.tablename),
    timing: String(row.timing).toLowerCase() as Trigger['timing'],
    event: String(row.event).toLowerCase() as Trigger['event'],
    ...(row.body !== null && { body: String(row.body) }),
    own: Number(row.own) === 1,
  }))
}

/** The expected triggers, each with its state on the server. */
export async function readTriggerStates(
  db: QueryExecutorProvider,
  expected: readonly Trigger[],
  live: readonly LiveTrigger[],
): Promise<readonly TriggerState[]> {
  const states: TriggerState[] = []
  for (const state of triggerStates(expected, live)) {
    const hidden = state.state === 'missing' && (await isHidden(db, state.name))
    states.push(hidden ? { ...state, state: 'hidden' } : state)
  }
  return states
}

function triggerStates(expected: readonly Trigger[], live: readonly LiveTrigger[]): readonly TriggerState[] {
  const byName = new Map(live.map((trigger) => [trigger.name, trigger]))
  const members = ['table', 'timing', 'event', 'body'] as const
  return expected.map((trigger) => {
    const found = byName.get(trigger.name)
    if (!found) return { ...trigger, state: 'missing' }
    const different = members.some((member) => (found[member] ?? trigger[member]) !== trigger[member])
    return { ...trigger, state: different ? 'different' : found.body === undefined ? 'hidden' : 'live' }
  })
}

/** Without the right, MySQL lists no triggers, but its error tells whether a trigger exists. */
async function isHidden(db: QueryExecutorProvider, name: string): Promise<boolean> {
  try {
    await sql.raw(`show create trigger ${quoteName(name)}`).execute(withoutPlugins(db))
    return false
  } catch (error) {
    return errorNumber(error) === ER_SPECIFIC_ACCESS_DENIED_ERROR
  }
}

/**
 * Creates and drops triggers of these kinds until they are exactly the expected ones. A trigger that belongs to another user is
 * created again: that user may be gone, and every write would fail.
 */
export async function replaceTriggers(
  db: QueryExecutorProvider,
  options: {
    readonly table: string
    readonly kinds: readonly TriggerKind[]
    readonly expected: readonly Trigger[]
  },
): Promise<void> {
  const { table, kinds, expected } = options
  const present = await readTriggers(db)
  const own = new Set(present.filter((trigger) => trigger.own).map(({ name }) => name))
  const states = triggerStates(expected, present)
  const kept = new Set(states.filter(({ name, state }) => state === 'live' && own.has(name)).map(nameOf))
  const named = new Set(expected.map(nameOf))
  for (const { name } of present) {
    if (!kept.has(name) && (named.has(name) || isTriggerOf(name, kinds, table))) {
      await run(db, `drop trigger if exists ${quoteName(name)}`)
    }
  }
  for (const trigger of expected) {
    if (!kept.has(trigger.name)) await run(db, createStatement(trigger))
  }
}

function nameOf({ name }: Trigger): string {
  return name
}

function createStatement({ name, table, timing, event, body }: Trigger): string {
  return `create trigger ${quoteName(name)} ${timing} ${event} on ${quoteName(table)} for each row ${body}`
}
