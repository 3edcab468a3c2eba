import { createHash } from 'node:crypto'
import type { GuardName } from './trigger-body.ts'

type TriggerKind = 'lookup_version' | 'lookup_cascade' | 'lookup_frozen'

const GUARDS: Readonly<Record<TriggerKind, GuardName>> = {
  lookup_version: 'tracked',
  lookup_cascade: 'tracked',
  lookup_frozen: 'frozen',
}

/** The names of this library's triggers; a tool that rebuilt the table may have put something behind them. */
const PATTERN = /^(lookup_version|lookup_cascade|lookup_frozen)_(?:insert|update|delete)_(.+)$/s

/** Names have at most 64 characters and ignore case, so names that are not plain get a hash. */
export function triggerName(options: {
  readonly kind: TriggerKind
  readonly event: 'insert' | 'update' | 'delete'
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

export function isLibraryName(name: string): boolean {
  return PATTERN.test(name)
}

/** The guard that a trigger of this name makes for the table, whichever table it is on; undefined if it is of another one. */
export function guardNamed(name: string, table: string): GuardName | undefined {
  const [, kind, rest = ''] = PATTERN.exec(name) ?? []
  if (kind === undefined) return undefined
  const short = kind === 'lookup_cascade' ? rest.replace(/_[\da-f]{8}$/, '') : rest
  return short === shortName(table) ? GUARDS[kind as TriggerKind] : undefined
}
