import { ER_CANT_UPDATE_USED_TABLE_IN_SF_OR_TRG } from '../database/server-errors.ts'
import { SLOT_COUNTS, SLOTS, type SlotCount, VERSION_TABLE } from '../versions/version-table.ts'
import { literal } from './server-statement.ts'
import { bumpOwnSlot, bumpOwnSlotAsBefore, bumpTokenSlot, tokenRow } from './version-slots.ts'

/** The two ways in which triggers guard a table: they count its changes, or refuse them. */
export type GuardName = 'tracked' | 'frozen'

/** The session variable with the token of an amend. */
export const AMEND_VARIABLE = '@kysely_lookup_amend'

/**
 * The body of every trigger that moves the version of a tracked table, on whichever table it is.
 *
 * Under LOCK TABLES, MariaDB lets triggers write one table between them only if nobody has read it shortly before, and answers error
 * 1442 otherwise, which does not say what to do. A procedure that all triggers call would pass, but dumps leave procedures out, and
 * then every write would fail.
 */
export function trackingBody(table: string, slots: SlotCount = SLOTS): string {
  return `begin
  ${sayingWhatToDo(table)}
  ${bumpOwnSlot(table, slots)}
end`
}

/**
 * The same for a server that numbers statements, which moves the version once for many rows. Whatever begins on the server takes the next
 * number, each statement of a trigger too. If none was taken since the last row was counted, this is the next row of one statement: no
 * COMMIT or ROLLBACK came between. If others take numbers meanwhile, the version moves more often than it had to.
 */
export function trackingBodyByNumber(table: string, slots: SlotCount = SLOTS): string {
  // In bytes: a collation may take two names for one. NUL is in no name.
  const own = `concat(${literal(table)}, 0x00, cast(database() as binary))`
  return `begin
  ${sayingWhatToDo(table)}
  if not (@kysely_lookup_row + 1 <=> @@statement_id and @kysely_lookup_counted <=> ${own}) then
    ${bumpOwnSlot(table, slots)}
    set @kysely_lookup_counted = ${own};
  end if;
  set @kysely_lookup_row = @@statement_id;
end`
}

/** The same as version 0.1 made it, which leaves the error as it is. */
export function trackingBodyAsBefore(table: string): string {
  return `begin\n  ${bumpOwnSlotAsBefore(table)}\nend`
}

/** Every body with which this version of the library moves the version of a table. */
export function trackingBodies(table: string): readonly string[] {
  return SLOT_COUNTS.flatMap((slots) => [trackingBody(table, slots), trackingBodyByNumber(table, slots)])
}

function sayingWhatToDo(table: string): string {
  const message = `${legible(table)} is tracked: write it without LOCK TABLES (--skip-add-locks)`
  return `declare exit handler for ${ER_CANT_UPDATE_USED_TABLE_IN_SF_OR_TRG} signal sqlstate '45000' set message_text = ${literal(message)};`
}

/**
 * The body of the triggers of a frozen table. Other sessions lack the session variable, and are refused without reading the version table,
 * whose row may be locked. Each change of an amend moves the version, so that nothing goes unseen that is committed early.
 */
export function freezingBody(table: string): string {
  const message = `${legible(table)} is frozen. Correct it with amend() of kysely-lookup/migration`
  return `begin
  declare allowed int default ${AMEND_VARIABLE} is not null;
  if allowed then
    set allowed = exists (select 1 from ${VERSION_TABLE}
      where ${tokenRow(table)} and token = cast(${AMEND_VARIABLE} as binary));
  end if;
  if not allowed then
    signal sqlstate '45000' set message_text = ${literal(message)};
  end if;
  ${bumpTokenSlot(table)}
end`
}

/** A server takes a plain literal of up to 128 characters; a name has up to 64. */
function legible(table: string): string {
  return table.replaceAll(/['\\\p{C}]/gu, '?')
}

/** What a trigger of this library does, and for which table. */
export interface Guarded {
  readonly guard: GuardName
  readonly table: string
  /** Whether the body is one that this library writes, or wrote in an earlier version. */
  readonly current: boolean
}

const LITERAL = String.raw`(?:'([^'\\]+)'|convert\(0x([0-9a-f]+) using utf8mb4\) collate utf8mb4_bin)`

const BODIES = [
  {
    guard: 'tracked',
    bodies: (table: string) => [...trackingBodies(table), trackingBodyAsBefore(table)],
    pattern: new RegExp(`insert into ${VERSION_TABLE} .*?values \\(${LITERAL}, `, 's'),
  },
  {
    guard: 'frozen',
    bodies: (table: string) => [freezingBody(table)],
    pattern: new RegExp(`from ${VERSION_TABLE}\\s+where table_name = ${LITERAL} and slot = 0`),
  },
] as const

/** Reads the body of a trigger; undefined if it is not of this library. */
export function guardedBy(text: string): Guarded | undefined {
  for (const { guard, bodies, pattern } of BODIES) {
    const [, plain, hex = ''] = pattern.exec(text) ?? []
    const table = plain ?? Buffer.from(hex, 'hex').toString()
    if (table !== '') return { guard, table, current: bodies(table).includes(text) }
  }
  return undefined
}
