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

/** The session variable with the token of an amend. */
export const AMEND_VARIABLE = '@kysely_lookup_amend'

/**
 * Makes every UPDATE and DELETE on the table fail with SQLSTATE 45000. Use it for tables that are cached as
 * `'immutable'`. Rows can still be added, and corrected with `amend`. If you call it again, it repairs what is missing. The
 * inverse is {@link unfreeze}.
 *
 * @example
 * ```ts
 * import type { Kysely } from 'kysely'
 *
 * export async function up(db: Kysely<unknown>): Promise<void> {
 *   await createVersionTable(db)
 *   await freeze(db, 'city')
 * }
 * ```
 * @throws ConfigurationError if a cascade can change rows of the table, there is no version table, the table is not InnoDB, a
 * right is missing, or `db` is a transaction.
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
    throw new ConfigurationError({
      kind: 'table',
      problem: `${helper}: rows of ${name} can change by a cascade, which fires no trigger: ${[...new Set(keys.map(describeKey))].join('; ')}`,
      fix: `Make the rule of the foreign key RESTRICT, or use trackVersion and cache ${name} as 'versioned'.`,
    })
  }
  await moveEverySlot(db, name)
  await replaceTriggers(db, { table: name, kinds, expected: freezingTriggers(name) })
  // For changes made before the triggers existed.
  await moveEverySlot(db, name)
}

/**
 * Removes what {@link freeze} created, even if the table itself is gone.
 *
 * @example
 * ```ts
 * await unfreeze(db, 'city')
 * ```
 * @throws ConfigurationError if a right is missing, or `db` is a transaction.
 */
export async function unfreeze<DB>(db: Kysely<DB>, table: string): Promise<void> {
  refuseTransaction(db, 'unfreeze')
  const name = await nameOnServer(db, table)
  await replaceTriggers(db, { table: name, kinds, expected: [] })
  await removeUnusedSlots(db, name)
}

/**
 * Resolves, for each table, to the triggers that freeze it, and whether the server has them.
 *
 * @example
 * ```ts
 * const states = (await frozenTriggers(db, ['city'])).get('city')
 * const isFrozen = states?.every(({ state }) => state === 'live')
 * ```
 * @throws ConfigurationError if a right is missing.
 */
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
 * Without the session variable, a writer is refused before the version table is read, because its row may be locked. An amend moves
 * the version with every row, so that changes are seen even if they are committed early.
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
