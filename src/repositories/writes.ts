import {
  type Compilable,
  type Insertable,
  type Kysely,
  type RawBuilder,
  type SqlBool,
  sql,
  type Updateable,
} from 'kysely'
import { adapterOf } from '../database/lookup-adapter.ts'
import { writeParameters } from '../database/parameter-marks.ts'
import { ConfigurationError, InvalidKeyError, LookupError } from '../errors.ts'
import type { Key, TableKeys } from '../keys/key.ts'
import { columnName, keyCondition } from '../loading/lookup-sql.ts'
import type { TableMetadata } from '../metadata.ts'
import type { ProcessTable } from './process-tables.ts'
import { deleteFrom, insertInto, updateTable } from './write-builders.ts'

/**
 * The writes of an `immutable` table. Columns take the same values as in Kysely.
 *
 * @example
 * ```ts
 * const add = (cities: Inserts<DB['city']>, rows: Parameters<typeof cities.insert>[0]) => cities.insert(rows)
 * ```
 */
export interface Inserts<Table> {
  /**
   * Inserts one row or several, with one statement, and resolves to the number of rows.
   *
   * @example
   * ```ts
   * await repos.country_currency.insert({ country_code: 'FR', currency_code: 'EUR', position: 1 })
   * ```
   * @throws the server's error, for instance for a duplicate key.
   */
  insert(rows: Insertable<Table> | readonly Insertable<Table>[]): Promise<number>
}

/**
 * The writes of any other table.
 *
 * @example
 * ```ts
 * const remove = (countries: Writes<DB['country'], string>, code: string) => countries.delete(code)
 * ```
 */
export interface Writes<Table, Key> extends Inserts<Table> {
  /**
   * Changes the row with this key. Resolves to the number of rows with the key, changed or not: 1 or 0.
   *
   * @example
   * ```ts
   * const found = await repos.currency.update('JPY', { digits: 0 })
   * ```
   * @throws InvalidKeyError if the key is not of the column's type, or there is nothing to change; the server's error.
   */
  update(key: Key, changes: Updateable<Table>): Promise<number>
  /**
   * Deletes the row with this key. Resolves to the number of rows deleted: 1 or 0.
   *
   * @example
   * ```ts
   * const deleted = await repos.country_currency.delete({ country_code: 'FR', currency_code: 'EUR' })
   * ```
   * @throws InvalidKeyError if the key is not of the column's type; the server's error, for instance for a foreign key.
   */
  delete(key: Key): Promise<number>
}

interface WritesOptions {
  /** The name that Kysely queries know the table by. */
  readonly name: string
  readonly table: TableMetadata
  readonly keys: TableKeys
  readonly over: Kysely<unknown>
  readonly immutable: boolean
  /** Called after every statement that may have written, also one that failed: what is remembered may be out of date. */
  wrote(): Promise<void> | void
}

/** The writes of one table of the process. */
export function createTableWrites(
  { name, table, keys, cache }: ProcessTable,
  writing: Pick<WritesOptions, 'over' | 'wrote'>,
): Inserts<unknown> | Writes<unknown, unknown> {
  return createWrites({ ...writing, name, table, keys, immutable: cache?.mode === 'immutable' })
}

type AnyKysely = Kysely<Record<string, Record<string, unknown>>>

/** Builds a statement with the plugins of an instance. */
type Build = (over: AnyKysely) => Compilable

const SAVEPOINT = sql.raw('kysely_lookup_write')

/** How many connections are tried, one after the other, until one has a session that nobody has altered. */
const MOST_TRIES = 10

/** The statements are Kysely's own, plugins and all. They find their row by the condition that lookups find it by. */
function createWrites(options: WritesOptions): Inserts<unknown> | Writes<unknown, unknown> {
  const { name, table, keys, wrote } = options
  const db = options.over as AnyKysely
  const needs = { table: table.name, configured: adapterOf(options.over)?.configured() }

  /** Resolves to the number of rows. */
  async function run(over: AnyKysely, build: Build): Promise<number> {
    const query = build(over).compile()
    const parameters = writeParameters(query.parameters, needs)
    const { numAffectedRows } = await over.executeQuery({ ...query, parameters })
    return Number(numAffectedRows ?? 0)
  }

  /** Where the key is not unique any more, as after a migration, nothing may be written at all. */
  async function runForOne(over: AnyKysely, build: Build): Promise<number> {
    const rows = await run(over, build)
    if (rows <= 1) return rows
    throw new LookupError(
      'KYSELY_LOOKUP_PROTOCOL',
      `${table.name}: the key of a write has ${rows} rows, and none of them was changed. Is the key still unique? Run kysely-lookup generate.`,
    )
  }

  /** What others left on a connection must not change what is written: a transaction, a lock, or autocommit that is off. */
  async function inTransaction(work: (trx: AnyKysely) => Promise<number>): Promise<number> {
    for (let tries = 1; ; tries++) {
      try {
        return await db.transaction().execute(work)
      } catch (error) {
        // The connection was closed, and nothing was written.
        if (!isRefusal(error) || tries === MOST_TRIES) throw error
      }
    }
  }

  async function inSavepoint(work: (trx: AnyKysely) => Promise<number>): Promise<number> {
    await sql`savepoint ${SAVEPOINT}`.execute(db.withoutPlugins())
    try {
      return await work(db)
    } catch (error) {
      if (error instanceof LookupError && !isRefusal(error))
        await sql`rollback to savepoint ${SAVEPOINT}`.execute(db.withoutPlugins())
      throw error
    }
  }

  async function written(write: () => Promise<number>): Promise<number> {
    try {
      return await write()
    } finally {
      await wrote()
    }
  }

  function writeByKey(build: Build): Promise<number> {
    const work = (over: AnyKysely) => runForOne(over, build)
    return written(() => (db.isTransaction ? inSavepoint(work) : inTransaction(work)))
  }

  const inserts: Inserts<unknown> = {
    async insert(rows) {
      const list = Array.isArray(rows) ? rows : [rows]
      if (list.length === 0) return 0
      const work = (over: AnyKysely) => run(over, () => insertInto(over, name).values(list as never))
      return written(() => (db.isTransaction ? work(db) : inTransaction(work)))
    },
  }
  if (options.immutable) return inserts
  return {
    ...inserts,
    async update(key, changes) {
      const resolved = keys.resolveGiven(key)
      if (Object.values(changes ?? {}).every((value) => value === undefined)) {
        throw new InvalidKeyError(table.name, 'update: expected at least one column to change.')
      }
      if (!resolved) return 0
      const condition = conditionOf(table, resolved)
      return writeByKey((over) =>
        updateTable(over, name)
          .set(changes as never)
          .where(condition),
      )
    },
    async delete(key) {
      const resolved = keys.resolveGiven(key)
      if (!resolved) return 0
      const condition = conditionOf(table, resolved)
      return writeByKey((over) => deleteFrom(over, name).where(condition))
    },
  }
}

/** Whether nothing was sent, because the session was altered. */
function isRefusal(error: unknown): boolean {
  return error instanceof ConfigurationError && error.kind === 'session'
}

/** That a row has the key, by the database's names. */
function conditionOf(table: TableMetadata, key: Key): RawBuilder<SqlBool> {
  const { texts, parts } = keyCondition(key.definition, (name) => columnName(table, name))
  const values = parts.map((part) => String(key.tokens[part]))
  return sql.join(
    texts.flatMap((text, index) => [
      sql.raw(text),
      ...(index < values.length ? [sql.val(values[index])] : []),
    ]),
    sql.raw(''),
  )
}
