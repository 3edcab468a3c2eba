import type { Kysely } from 'kysely'
import { ConfigurationError } from '../errors.ts'
import { cascadeSources, describeKey, readCascadingKeys } from './cascade.ts'
import { addGuard, type Guard, guardStates, removeGuard } from './guard.ts'
import type { Trigger, TriggerState } from './trigger.ts'
import { freezingBody } from './trigger-body.ts'
import { triggerName } from './trigger-name.ts'

const FROZEN: Guard = {
  name: 'frozen',
  helper: 'freeze',
  inverse: 'unfreeze',
  reader: 'frozenTriggers',
  refuseBypasses,
  readExpected: async () => freezingTriggers,
}

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
  await addGuard(db, FROZEN, { table })
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
  await removeGuard(db, FROZEN, table)
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
  return await guardStates(db, FROZEN, tables)
}

async function refuseBypasses<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const keys = cascadeSources(await readCascadingKeys(db), table)
    .map(({ key }) => key)
    .filter(({ child }) => child === table)
  if (keys.length > 0) {
    throw new ConfigurationError({
      kind: 'table',
      problem: `freeze: rows of ${table} can change by a cascade, which fires no trigger: ${[...new Set(keys.map(describeKey))].join('; ')}`,
      fix: `Make the rule of the foreign key RESTRICT, or use trackVersion and cache ${table} as 'versioned'.`,
    })
  }
}

function freezingTriggers(table: string): readonly Trigger[] {
  const body = freezingBody(table)
  return (['update', 'delete'] as const).map((event) => ({
    name: triggerName({ kind: 'lookup_frozen', event, table }),
    table,
    timing: 'before',
    event,
    body,
  }))
}
