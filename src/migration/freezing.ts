import type { Kysely } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import { cascadeSources, describeKey, readCascadingKeys } from './cascade.ts'
import { nameOnServer, requireLookupTable } from './lookup-table.ts'
import { literal } from './server-statement.ts'
import {
  readTriggerStates,
  readTriggers,
  replaceTriggers,
  type Trigger,
  type TriggerState,
  triggerName,
} from './trigger.ts'
import {
  moveEverySlot,
  moveTokenSlot,
  refuseTransaction,
  removeUnusedSlots,
  requireVersionTable,
  tokenRow,
  VERSION_TABLE,
} from './version-table.ts'

const kinds = ['lookup_frozen'] as const

/** The session variable that holds the token of an amend. */
export const AMEND_VARIABLE = '@kysely_lookup_amend'

/**
 * Makes UPDATE and DELETE on the table fail with SQLSTATE 45000, whoever sends them: for tables that are cached as
 * `'immutable'`. Rows can still be added, and corrected with `amend`. Called again it repairs what is missing. Its
 * inverse is {@link unfreeze}.
 *
 * @throws ConfigurationError where a cascading foreign key can change rows of the table, where there is no version
 * table, or the table is not InnoDB, or a right is missing.
 */
export async function freeze<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const helper = 'freeze'
  refuseTransaction(db, helper)
  await requireVersionTable(db)
  const name = await requireLookupTable(db, { table, helper })
  const keys = cascadeSources(await readCascadingKeys(db), name)
    .map(({ key }) => key)
    .filter(({ child }) => child === name)
  if (keys.length > 0) {
    throw new ConfigurationError(
      `${helper}: rows of ${name} can change by a cascade, which fires no trigger: ${[...new Set(keys.map(describeKey))].join('; ')}. Make the rule of the foreign key RESTRICT, or use trackVersion and cache ${name} as 'versioned'.`,
    )
  }
  await moveEverySlot(db, name)
  await replaceTriggers(db, { table: name, kinds, expected: freezingTriggers(name) })
  // What was changed before the triggers were there.
  await moveEverySlot(db, name)
}

/** Removes what {@link freeze} made, also where the table itself is gone. */
export async function unfreeze<DB>(db: Kysely<DB>, table: string): Promise<void> {
  refuseTransaction(db, 'unfreeze')
  const name = await nameOnServer(db, table)
  await replaceTriggers(db, { table: name, kinds, expected: [] })
  await removeUnusedSlots(db, name)
}

/** The triggers that each of the tables needs to be frozen, and whether the server has them. */
export async function frozenTriggers<DB>(
  db: Kysely<DB>,
  tables: readonly string[],
): Promise<ReadonlyMap<string, readonly TriggerState[]>> {
  const live = await readTriggers(db)
  const states = new Map<string, readonly TriggerState[]>()
  for (const table of tables) states.set(table, await readTriggerStates(db, freezingTriggers(table), live))
  return states
}

/**
 * A stranger has no session variable and is turned away without a look into the version table, whose row may be
 * locked. What an amend changes moves the version row by row, so that nothing goes unseen that is committed early.
 */
function freezingTriggers(table: string): readonly Trigger[] {
  // A server takes a plain literal of up to 128 characters; a name has up to 64.
  const message = `${table.replaceAll(/['\\]/g, '?')} is frozen. Correct it with amend() of kysely-lookup/migration`
  const body = `begin
  declare allowed int default ${AMEND_VARIABLE} is not null;
  if allowed then
    set allowed = exists (select 1 from ${VERSION_TABLE}
      where ${tokenRow(table)} and token = cast(${AMEND_VARIABLE} as binary));
  end if;
  if not allowed then
    signal sqlstate '45000' set message_text = ${literal(message)};
  end if;
  ${moveTokenSlot(table)}
end`
  return (['update', 'delete'] as const).map((event) => ({
    name: triggerName({ kind: 'lookup_frozen', event, table }),
    table,
    timing: 'before',
    event,
    body,
  }))
}
