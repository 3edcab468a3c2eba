import { randomBytes } from 'node:crypto'
import type { Kysely, Transaction } from 'kysely'
import {
  ER_LOCK_WAIT_TIMEOUT,
  ER_NO_SUCH_USER,
  ER_SP_DOES_NOT_EXIST,
  errorNumber,
} from '../database/server-errors.ts'
import { ConfigurationError } from '../errors.ts'
import { AmendError } from './amend-error.ts'
import { frozenTriggers } from './freezing.ts'
import { requireLookupTable } from './lookup-table.ts'
import { explained, inKnownMode, run, type SqlModes } from './server-statement.ts'
import { AMEND_VARIABLE } from './trigger-body.ts'
import { setToken, tokenRow } from './version-slots.ts'
import { requireOwnDatabase, requireVersionTable, VERSION_TABLE } from './version-table.ts'

/**
 * Corrects rows of a frozen table, and resolves to the result of `fn`. `fn` may change the rows through `trx`, in one transaction,
 * while the table stays frozen for everyone else. The table's version moves with the commit, so running processes notice. If
 * `fn` throws, nothing has changed. A second amend of the table waits for the first.
 *
 * @example
 * ```ts
 * await amend(db, 'city', (trx) =>
 *   trx.updateTable('city').set({ name: 'Chemnitz' }).where('id', '=', 2940132).execute(),
 * )
 * ```
 * @throws AmendError if `fn` ended the transaction itself, with COMMIT, ROLLBACK or a statement that commits (CREATE, ALTER, DROP,
 * TRUNCATE, …), in which case its earlier changes stay committed or rolled back; or if another amend of the table did not end in
 * time. ConfigurationError if the table is not frozen. What `fn` throws.
 */
export async function amend<DB, Result>(
  db: Kysely<DB>,
  table: string,
  fn: (trx: Transaction<DB>) => Promise<Result>,
): Promise<Result> {
  const helper = 'amend'
  requireOwnDatabase(db, helper)
  return await inKnownMode(db, async (connection, modes) => {
    await requireVersionTable(connection)
    const name = await requireLookupTable(connection, { table, helper })
    await requireFrozen(connection, name)
    const amending: Amending = { table: name, token: `0x${randomBytes(16).toString('hex')}`, modes }
    let result: Result
    try {
      await run(connection, `set ${AMEND_VARIABLE} = ${amending.token}`)
      result = await connection.transaction().execute((trx) => amendWithin(trx, amending, fn))
    } catch (error) {
      const committed = await withdraw(connection, amending)
      if (committed && !(error instanceof AmendError)) throw ended(name, error)
      throw errorNumber(error) === ER_NO_SUCH_USER ? explained(error) : error
    }
    await withdraw(connection, amending)
    return result
  })
}

interface Amending {
  readonly table: string
  /** A hexadecimal literal. */
  readonly token: string
  /** `fn` runs in the session's own. */
  readonly modes: SqlModes
}

async function amendWithin<DB, Result>(
  trx: Transaction<DB>,
  { table, token, modes }: Amending,
  fn: (trx: Transaction<DB>) => Promise<Result>,
): Promise<Result> {
  // The first statement, before any snapshot: it waits for a running amend, and then sees its changes.
  await run(trx, setToken(table, token)).catch((error: unknown) => {
    throw errorNumber(error) === ER_LOCK_WAIT_TIMEOUT ? busy(table, error) : error
  })
  const [own] = await run(
    trx,
    `select 1 as own from ${VERSION_TABLE} where ${tokenRow(table)} and token = ${token}`,
  )
  if (!own) {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `amend: ${table} has no row in ${VERSION_TABLE}`,
      fix: `Call freeze(db, '${table}') again.`,
    })
  }
  // A savepoint ends with its transaction, whatever ends that.
  const savepoint = `kysely_lookup_${token.slice(0, 18)}`
  await run(trx, `savepoint ${savepoint}`)
  await run(trx, modes.toSessions)
  const result = await fn(trx).finally(() => run(trx, modes.toKnown).catch(() => {}))
  await run(trx, `release savepoint ${savepoint}`).catch((error: unknown) => {
    throw errorNumber(error) === ER_SP_DOES_NOT_EXIST ? ended(table, error) : error
  })
  await run(trx, setToken(table, 'null'))
  return result
}

/**
 * Takes the token back, and says whether it was committed, which only `fn` can have done. Nothing may stay on a connection that
 * goes back to the pool. If that is not certain, the connection is killed, and the variable with it.
 */
async function withdraw<DB>(connection: Kysely<DB>, { table, token }: Amending): Promise<boolean> {
  try {
    await run(connection, `set ${AMEND_VARIABLE} = null`)
    const mine = `${tokenRow(table)} and token = ${token}`
    return await connection.transaction().execute(async (trx) => {
      const [left] = await run(trx, `select 1 as found from ${VERSION_TABLE} where ${mine}`)
      if (left) await run(trx, `${setToken(table, 'null')} and token = ${token}`)
      return left !== undefined
    })
  } catch {
    await run(connection, 'kill connection_id()').catch(() => {})
    return false
  }
}

async function requireFrozen<DB>(db: Kysely<DB>, table: string): Promise<void> {
  const states = (await frozenTriggers(db, [table])).get(table) ?? []
  const wrong = states.filter(({ state }) => state === 'missing' || state === 'different')
  if (states.every(({ state }) => state === 'missing')) {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `amend: ${table} is not frozen`,
      fix: 'A table that is not frozen is changed by ordinary statements.',
    })
  }
  if (wrong.length > 0) {
    throw new ConfigurationError({
      kind: 'versions',
      problem: `amend: ${table} is only half frozen: the trigger ${wrong.map(({ name, state }) => `${name} is ${state}`).join(', ')}`,
      fix: `Call freeze(db, '${table}') again.`,
    })
  }
}

function ended(table: string, cause: unknown): AmendError {
  return new AmendError(
    table,
    'the function given to amend ended its transaction, with COMMIT, ROLLBACK or a statement that commits (CREATE, ALTER, DROP, TRUNCATE, …), so amend cannot undo what came before. The table is frozen; see what is there, and do such statements outside of amend.',
    { cause },
  )
}

function busy(table: string, cause: unknown): AmendError {
  return new AmendError(
    table,
    'another amend of the table did not end within innodb_lock_wait_timeout. Nothing was changed: try again when it has ended.',
    { cause },
  )
}
