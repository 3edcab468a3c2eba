import { type Kysely, sql } from 'kysely'
import { inCurrentDatabase } from '../database/current-database.ts'
import { informationReader } from './information-schema.ts'

/** A foreign key of the current database, by the names there. */
export interface SchemaForeignKey {
  readonly table: string
  /** The constraint's name. */
  readonly name: string
  readonly columns: readonly string[]
  /** Only if it is another database. */
  readonly targetDatabase?: string
  readonly targetTable: string
  readonly targetColumns: readonly string[]
}

interface ForeignKeyRow {
  readonly tablename: string
  readonly name: string
  readonly columnname: string
  readonly targetdatabase: string
  /** 1 if it is the current one. */
  readonly current: number
  readonly targettable: string
  readonly targetcolumn: string
}

/** Reads the foreign keys of the current database's tables. The right to read a table is enough to see its keys. */
export async function readForeignKeys<DB>(db: Kysely<DB>): Promise<readonly SchemaForeignKey[]> {
  const sameDatabase = sql.raw(inCurrentDatabase('referenced_table_schema'))
  const rows = await informationReader(db)(sql<ForeignKeyRow>`
    select table_name as tablename, constraint_name as name, column_name as columnname,
      referenced_table_schema as targetdatabase, (${sameDatabase}) as current,
      referenced_table_name as targettable, referenced_column_name as targetcolumn
    from information_schema.key_column_usage
    where ${sql.raw(inCurrentDatabase('table_schema'))} and referenced_table_name is not null
    order by table_name, constraint_name, ordinal_position`)
  const keys = Map.groupBy(rows, ({ tablename, name }) => JSON.stringify([tablename, name]))
  return [...keys.values()].map((parts) => {
    const { tablename, name, targetdatabase, current, targettable } = parts[0]!
    return {
      table: tablename,
      name,
      columns: parts.map(({ columnname }) => columnname),
      ...(Number(current) !== 1 && { targetDatabase: targetdatabase }),
      targetTable: targettable,
      targetColumns: parts.map(({ targetcolumn }) => targetcolumn),
    }
  })
}
