import type { Insertable, Kysely, Updateable } from 'kysely'
import { InvalidKeyError } from '../errors.ts'
import type { Key, TableKeys } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import type { ProcessTable } from './process-tables.ts'

/** Adding rows; what the columns take is as in Kysely. */
export interface Inserts<Table> {
  /** Inserts one row or several, in one statement; answers how many. */
  insert(rows: Insertable<Table> | readonly Insertable<Table>[]): Promise<number>
}

/** Changing rows by key. */
export interface Writes<Table, Key> extends Inserts<Table> {
  /** Changes the row with this key; answers how many rows have it: 1 or 0. */
  update(key: Key, changes: Updateable<Table>): Promise<number>
  /** Deletes the row with this key; answers how many rows had it: 1 or 0. */
  delete(key: Key): Promise<number>
}

interface WritesOptions {
  /** The name that Kysely queries know the table by. */
  readonly name: string
  readonly table: TableMetadata
  readonly keys: TableKeys
  readonly over: Kysely<unknown>
  readonly immutable: boolean
  /** Told after every statement that may have written, also one that failed: what is remembered may be out of date. */
  wrote(): void
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
      wrote()
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
      const resolved = keys.resolve(key)
      if (Object.keys(changes ?? {}).length === 0) {
        throw new InvalidKeyError(table.name, 'update: expected at least one column to change.')
      }
      const query = db.updateTable(name).set(changes as never)
      return written(db.executeQuery(query.where((where) => where.and(valuesOf(resolved, key)))))
    },
    async delete(key) {
      const resolved = keys.resolve(key)
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
