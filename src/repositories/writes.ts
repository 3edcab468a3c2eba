import type { Insertable, Kysely, Updateable } from 'kysely'
import { InvalidKeyError } from '../errors.ts'
import type { Key, TableKeys } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import type { ProcessTable } from './process-tables.ts'

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

/** The statements are Kysely's own, plugins and all; the server compares the key as in any query. */
function createWrites(options: WritesOptions): Inserts<unknown> | Writes<unknown, unknown> {
  const { name, table, keys, wrote } = options
  const db = options.over as AnyKysely

  async function written(statement: Promise<{ numAffectedRows?: bigint | undefined }>): Promise<number> {
    try {
      return Number((await statement).numAffectedRows ?? 0)
    } finally {
      await wrote()
    }
  }

  const inserts: Inserts<unknown> = {
    async insert(rows) {
      const list = Array.isArray(rows) ? rows : [rows]
      if (list.length === 0) return 0
      return written(db.executeQuery(db.insertInto(name).values(list as never)))
    },
  }
  if (options.immutable) return inserts
  return {
    ...inserts,
    async update(key, changes) {
      const resolved = keys.resolveGiven(key)
      if (Object.keys(changes ?? {}).length === 0) {
        throw new InvalidKeyError(table.name, 'update: expected at least one column to change.')
      }
      if (!resolved) return 0
      const query = db.updateTable(name).set(changes as never)
      return written(db.executeQuery(query.where((where) => where.and(valuesOf(resolved, key)))))
    },
    async delete(key) {
      const resolved = keys.resolveGiven(key)
      if (!resolved) return 0
      const query = db.deleteFrom(name)
      return written(db.executeQuery(query.where((where) => where.and(valuesOf(resolved, key)))))
    },
  }
}

/** The key as Kysely takes it: columns and values. */
function valuesOf({ definition }: Key, key: unknown): Record<string, never> {
  const [only, second] = definition.parts
  const plain = typeof key === 'object' && key !== null && Object.hasOwn(key, only!.name)
  return (second || plain ? { ...(key as object) } : { [only!.name]: key }) as Record<string, never>
}
