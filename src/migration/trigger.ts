import { createHash } from 'node:crypto'
import { type QueryExecutorProvider, sql } from 'kysely'
import { inCurrentDatabase } from '../database/current-database.ts'
import { ER_SPECIFIC_ACCESS_DENIED_ERROR, errorNumber } from '../database/server-errors.ts'
import { quoteName } from '../database/statement.ts'
import { run, withoutPlugins } from './server-statement.ts'

export interface Trigger {
  readonly name: string
  readonly table: string
  readonly timing: 'before' | 'after'
  readonly event: 'insert' | 'update' | 'delete'
  readonly body: string
}

/** A trigger as the server has it. */
export interface LiveTrigger extends Omit<Trigger, 'body'> {
  /** Absent where the user may not see it. */
  readonly body?: string
  /** It belongs to the user of this connection. */
  readonly own: boolean
}

export interface TriggerState extends Trigger {
  /**
   * `different`: a trigger of this name is there, on another table or with another body. `hidden`: one is there, and
   * what it does cannot be seen for want of the TRIGGER right.
   */
  readonly state: 'live' | 'hidden' | 'missing' | 'different'
}

export const triggerKinds = ['lookup_version', 'lookup_cascade', 'lookup_frozen'] as const

export type TriggerKind = (typeof triggerKinds)[number]

/** Names that this library gives. */
export const libraryTrigger = /^lookup_(version|cascade|frozen)_(insert|update|delete)_/

/** Names are at most 64 characters, and alike in lower case is alike: what is not plain gets a hash. */
export function triggerName(options: {
  readonly kind: TriggerKind
  readonly event: Trigger['event']
  readonly table: string
  /** The table that the trigger is on, where it is not `table`. */
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

/** Whether a trigger is one that {@link triggerName} names for the table, on whatever table it is. */
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
  // Drivers answer some of these long texts as bytes.
  return rows.map((row) => ({
    name: String(row.name),
    table: String(row.tablename),
    timing: String(row.timing).toLowerCase() as Trigger['timing'],
    event: String(row.event).toLowerCase() as Trigger['event'],
    ...(row.body !== null && { body: String(row.body) }),
    own: Number(row.own) === 1,
  }))
}

/** The expected triggers, and for each whether the server has it. */
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

/** MySQL lists no triggers for those without the right, and yet tells them one that exists from one that does not. */
async function isHidden(db: QueryExecutorProvider, name: string): Promise<boolean> {
  try {
    await sql.raw(`show create trigger ${quoteName(name)}`).execute(withoutPlugins(db))
    return false
  } catch (error) {
    return errorNumber(error) === ER_SPECIFIC_ACCESS_DENIED_ERROR
  }
}

/**
 * Makes the triggers of these kinds be exactly the expected ones. One that belongs to another user is made anew: that
 * user may be gone, and every write would fail.
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
