import { VERSION_TABLE } from '../versions/version-table.ts'
import { literal } from './server-statement.ts'
import { bumpOwnSlot, bumpTokenSlot, tokenRow } from './version-slots.ts'

/** The two ways in which triggers guard a table: they count its changes, or refuse them. */
export type GuardName = 'tracked' | 'frozen'

/** The session variable with the token of an amend. */
export const AMEND_VARIABLE = '@kysely_lookup_amend'

/** The body of every trigger that moves the version of a tracked table, on whichever table it is. */
export function trackingBody(table: string): string {
  return `begin\n  ${bumpOwnSlot(table)}\nend`
}

/**
 * The body of the triggers of a frozen table. Other sessions lack the session variable, and are refused without reading the version table,
 * whose row may be locked. Each change of an amend moves the version, so that nothing goes unseen that is committed early.
 */
export function freezingBody(table: string): string {
  // A server takes a plain literal of up to 128 characters; a name has up to 64.
  const message = `${table.replaceAll(/['\\\p{C}]/gu, '?')} is frozen. Correct it with amend() of kysely-lookup/migration`
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

/** What a trigger of this library does, and for which table. */
export interface Guarded {
  readonly guard: GuardName
  readonly table: string
  /** Whether the body is the one that this version of the library writes. */
  readonly current: boolean
}

const LITERAL = String.raw`(?:'([^'\\]+)'|convert\(0x([0-9a-f]+) using utf8mb4\) collate utf8mb4_bin)`

const BODIES = [
  {
    guard: 'tracked',
    body: trackingBody,
    pattern: new RegExp(`insert into ${VERSION_TABLE} .*?values \\(${LITERAL}, `, 's'),
  },
  {
    guard: 'frozen',
    body: freezingBody,
    pattern: new RegExp(`from ${VERSION_TABLE}\\s+where table_name = ${LITERAL} and slot = 0`),
  },
] as const

/** Reads the body of a trigger; undefined if it is not of this library. */
export function guardedBy(text: string): Guarded | undefined {
  for (const { guard, body, pattern } of BODIES) {
    const [, plain, hex = ''] = pattern.exec(text) ?? []
    const table = plain ?? Buffer.from(hex, 'hex').toString()
    if (table !== '') return { guard, table, current: text === body(table) }
  }
  return undefined
}
