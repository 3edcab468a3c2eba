import { type Kysely, sql } from 'kysely'
import { inCurrentDatabase } from '../database/current-database.ts'
import { ownDatabase } from '../database/lookup-adapter.ts'
import { parseServerVersion, type ServerSystem } from '../database/server-version.ts'
import { ConfigurationError } from '../errors.ts'
import type { ColumnMetadata, IndexMetadata, TableMetadata } from '../metadata.ts'
import { type ColumnRow, columnMetadata, isRowEnd } from './column-metadata.ts'
import { informationReader } from './information-schema.ts'
import { readJsonColumns } from './json-columns.ts'
import { type IndexRow, ignoredColumn, type OmittedIndex, PRIMARY, whyOmitted } from './omitted-index.ts'
import { unreadableView } from './unreadable-view.ts'

/** The current database as the server describes it now. */
export interface Schema {
  readonly database: string
  readonly system: ServerSystem
  /** Whether names of tables that differ in case alone are one (`lower_case_table_names` above 0). */
  readonly foldsNames: boolean
  /** Tables and views, by name. */
  readonly tables: readonly SchemaTable[]
}

export interface SchemaTable {
  readonly metadata: TableMetadata
  readonly kind: 'table' | 'view'
  /** Why the table cannot have a repository; absent if it can. */
  readonly unsupported?: string
  readonly omittedIndexes: readonly OmittedIndex[]
}

export interface ReadSchemaOptions {
  /** Only these tables; a name that does not exist is not an error. */
  readonly tables?: readonly string[]
}

interface TableRow {
  readonly name: string
  readonly kind: string
  readonly engine: string | null
}

/** Reads the current database's tables, views, keys and indexes, with at most five statements for 50 tables. */
export async function readSchema<DB>(db: Kysely<DB>, options: ReadSchemaOptions = {}): Promise<Schema> {
  const own = ownDatabase(db as unknown as Kysely<unknown>)
  const read = informationReader(db)
  const [server] = await read(
    sql<{ version: string; name: string | null; folded: unknown }>`
      select version() as version, database() as name, @@lower_case_table_names as folded`,
  )
  if (!server?.name) {
    throw new ConfigurationError({
      kind: 'connection',
      problem: 'The connection has no database selected',
      fix: 'Name one in the URL: mysql://user:password@host:3306/database.',
    })
  }
  const foldsNames = Number(server.folded) > 0
  const named = (name: string) => (foldsNames ? name.toLowerCase() : name)
  const only = options.tables && new Set(options.tables.map(named))
  const identity = parseServerVersion(server.version)
  const { system } = identity
  const current = sql.raw(inCurrentDatabase('table_schema'))
  const tables = await read(sql<TableRow>`
    select table_name as name, table_type as kind, engine as engine from information_schema.tables where ${current}`)
  const columns = await read(sql<ColumnRow>`
    select table_name as tablename, column_name as name, data_type as datatype, column_type as columntype,
      column_default as defaulttext, is_nullable as nullable, extra as extra, generation_expression as expression, character_maximum_length as length,
      numeric_precision as digits, numeric_scale as scale, datetime_precision as fraction,
      character_set_name as charset, collation_name as collation
    from information_schema.columns where ${current} order by table_name, ordinal_position`)
  const indexes = await read(sql<IndexRow>`
    select table_name as tablename, index_name as name, non_unique as nonunique, column_name as columnname,
      sub_part as prefix, index_type as indextype,
      ${sql.raw(ignoredColumn(identity))} as ignored
    from information_schema.statistics where ${current} order by table_name, index_name, seq_in_index`)
  const columnsOf = Map.groupBy(columns, (row) => row.tablename)
  const indexesOf = Map.groupBy(indexes, (row) => row.tablename)
  const wanted = tables
    .filter(({ name, kind }) => kind !== 'SEQUENCE' && (!only || only.has(named(name))))
    .sort(byName)
    .map(({ name, kind, engine }) => ({
      name,
      engine,
      view: kind === 'VIEW',
      columns: columnsOf.get(name) ?? [],
    }))
  const texts = wanted.map((table) => ({
    ...table,
    columns: table.columns.filter(({ length }) => length !== null),
  }))
  const json = system === 'mariadb' ? await readJsonColumns(db, texts) : new Set()
  const unreadable = new Map<string, string>()
  for (const { name, view, columns } of wanted) {
    if (view && columns.length === 0) unreadable.set(name, await unreadableView(own, name))
  }
  return {
    database: server.name,
    system,
    foldsNames,
    tables: wanted.map(({ name, engine, view, columns }) =>
      describeTable({
        name,
        engine,
        without: view ? (unreadable.get(name) ?? 'it is a view') : 'it has no primary key',
        kind: view ? 'view' : 'table',
        columns: columns.map((row) => columnMetadata(row, { system, view, json: json.has(row) })),
        indexes: withoutRowEnd(indexesOf.get(name) ?? [], columns),
      }),
    ),
  }
}

/** MariaDB adds the end of a row's time to unique keys. It is one value in all rows but those of the past. */
function withoutRowEnd(indexes: readonly IndexRow[], columns: readonly ColumnRow[]): readonly IndexRow[] {
  const end = columns.find(isRowEnd)?.name
  return end === undefined
    ? indexes
    : indexes.filter(({ columnname, nonunique }) => columnname !== end || Number(nonunique) !== 0)
}

interface TableParts {
  readonly name: string
  readonly engine: string | null
  /** Why a repository cannot be made, if it has no primary key. */
  readonly without: string
  readonly kind: 'table' | 'view'
  readonly columns: readonly ColumnMetadata[]
  readonly indexes: readonly IndexRow[]
}

function describeTable({ name, kind, engine, without, columns, indexes }: TableParts): SchemaTable {
  const uniqueKeys: IndexMetadata[] = []
  const plainIndexes: IndexMetadata[] = []
  const omittedIndexes: OmittedIndex[] = []
  let primaryKey: readonly string[] = []
  let unsupported: string | undefined = without
  for (const [index, parts] of Map.groupBy(indexes, (row) => row.name)) {
    const unique = Number(parts[0]?.nonunique) === 0
    const reason = whyOmitted({ parts, columns, engine })
    const names = parts.map((part) => part.columnname ?? '')
    if (index === PRIMARY) {
      primaryKey = reason ? [] : names
      unsupported = reason && `its primary key is of no use: ${reason}`
    } else if (reason) {
      omittedIndexes.push({ name: index, unique, reason })
    } else {
      const list = unique ? uniqueKeys : plainIndexes
      list.push({ name: index, columns: names })
    }
  }
  return {
    metadata: {
      name,
      columns,
      primaryKey,
      uniqueKeys: uniqueKeys.sort(byName),
      indexes: plainIndexes.sort(byName),
    },
    kind,
    ...(unsupported && { unsupported }),
    omittedIndexes: omittedIndexes.sort(byName),
  }
}

/** By code unit: the same on every machine, whatever its locale. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
