import { type QueryExecutorProvider, sql } from 'kysely'
import { inCurrentDatabase } from '../database/current-database.ts'
import { ER_SPECIFIC_ACCESS_DENIED_ERROR, errorNumber } from '../database/server-errors.ts'
import { quoteName } from '../database/statement.ts'
import { run, withoutPlugins } from './server-statement.ts'
import { type GuardName, guardedBy } from './trigger-body.ts'
import { guardNamed, isLibraryName } from './trigger-name.ts'

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
  /** The bodies that it has on other servers or with another number of slots, which do the same. */
  readonly otherBodies?: readonly string[]
  /** The body that an earlier version of this library gave it, which guards the table too. */
  readonly earlierBody?: string
}

/** A trigger on the server. */
export interface LiveTrigger extends Omit<Trigger, 'body' | 'otherBodies' | 'earlierBody'> {
  /** Absent if the user may not see it. */
  readonly body?: string
  /** The user that it belongs to; absent if this user may not see it, on MariaDB. */
  readonly definer?: string
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
   * `live`: the server has it, under this name. `outdated`: it has it as an earlier version of this library made it. `missing`: the
   * server does not have it. `different`: the name belongs to a trigger on another table or with another body. `hidden`: it exists, but
   * without the TRIGGER right its body cannot be seen.
   */
  readonly state: 'live' | 'outdated' | 'hidden' | 'missing' | 'different'
}

/**
 * Whether a trigger guards the table in this way, or in any. Its body says so, for tools that rebuild a table, such as gh-ost, give its
 * triggers other names; the name decides where the body cannot be seen or is not ours.
 */
export function isTriggerOf(
  { name, body }: Pick<LiveTrigger, 'name' | 'body'>,
  { table, guard }: { readonly table: string; readonly guard?: GuardName },
): boolean {
  const guarded = guardedBy(body ?? '')
  if (guarded?.current || (guarded && isLibraryName(name))) {
    return guarded.table === table && (guard === undefined || guarded.guard === guard)
  }
  const named = guardNamed(name, table)
  return named !== undefined && (guard === undefined || named === guard)
}

/** Every trigger of the current database that the user may see. */
export async function readTriggers(db: QueryExecutorProvider): Promise<readonly LiveTrigger[]> {
  // MariaDB's sql_mode ORACLE reserves words such as BODY.
  const rows = await run<
    Record<'name' | 'tablename' | 'timing' | 'event' | 'actiontext' | 'definer' | 'own', unknown>
  >(
    db,
    `select trigger_name as name, event_object_table as tablename, action_timing as timing,
      event_manipulation as event, action_statement as actiontext, definer as definer,
      definer = current_user() as own
      from information_schema.triggers where ${inCurrentDatabase('trigger_schema')}`,
  )
  // Drivers return some of these long texts as bytes.
  return rows.map((row) => ({
    name: String(row.name),
    table: String(row.tablename),
    timing: String(row.timing).toLowerCase() as Trigger['timing'],
    event: String(row.event).toLowerCase() as Trigger['event'],
    ...(row.actiontext !== null && { body: String(row.actiontext) }),
    ...(row.definer !== null && { definer: String(row.definer) }),
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
  return expected.map((trigger): TriggerState => {
    const there = live.filter((one) => onSame(one, trigger))
    const bodies = new Set<string | undefined>([trigger.body, ...(trigger.otherBodies ?? [])])
    const found = there.find(({ body }) => bodies.has(body))
    if (found) return { ...trigger, name: found.name, body: found.body ?? trigger.body, state: 'live' }
    const earlier = there.find(({ body }) => body !== undefined && body === trigger.earlierBody)
    if (earlier) return { ...trigger, name: earlier.name, state: 'outdated' }
    const hidden = there.some(({ name, body }) => name === trigger.name && body === undefined)
    if (hidden) return { ...trigger, state: 'hidden' }
    return { ...trigger, state: live.some(({ name }) => name === trigger.name) ? 'different' : 'missing' }
  })
}

function onSame(one: LiveTrigger, other: Trigger): boolean {
  return one.table === other.table && one.timing === other.timing && one.event === other.event
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
 * Creates and drops triggers until those of the guard are exactly the expected ones. A trigger that belongs to another user is
 * created again: that user may be gone, and every write would fail.
 */
export async function replaceTriggers(
  db: QueryExecutorProvider,
  options: {
    readonly table: string
    readonly guard: GuardName
    readonly expected: readonly Trigger[]
  },
): Promise<void> {
  const { table, guard, expected } = options
  const present = await readTriggers(db)
  const own = present.filter((trigger) => trigger.own)
  const kept = new Set(triggerStates(expected, own).map(({ name, state }) => (state === 'live' ? name : '')))
  const named = new Set(expected.map(({ name }) => name))
  const outgoing = new Set(
    present
      .filter((one) => !kept.has(one.name) && (named.has(one.name) || isTriggerOf(one, { table, guard })))
      .map(({ name }) => name),
  )
  for (const trigger of expected) {
    if (own.some((one) => kept.has(one.name) && onSame(one, trigger))) continue
    if (!outgoing.delete(trigger.name)) {
      await create(db, trigger)
      continue
    }
    // No write comes when neither the old one nor the new one is there: that would move no version.
    const standIn = { ...trigger, name: trigger.name.replace('lookup', 'moving') }
    outgoing.delete(standIn.name)
    await drop(db, standIn.name)
    await create(db, standIn)
    await drop(db, trigger.name)
    await create(db, trigger)
    await drop(db, standIn.name)
  }
  for (const name of outgoing) await drop(db, name)
}

async function create(db: QueryExecutorProvider, trigger: Trigger): Promise<void> {
  const { name, table, timing, event, body } = trigger
  await run(
    db,
    `create trigger ${quoteName(name)} ${timing} ${event} on ${quoteName(table)} for each row ${body}`,
  )
}

async function drop(db: QueryExecutorProvider, name: string): Promise<void> {
  await run(db, `drop trigger if exists ${quoteName(name)}`)
}
