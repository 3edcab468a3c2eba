import { type Kysely, sql } from 'kysely'
import { columnType } from '../columns/column-types.ts'
import { inCurrentDatabase } from '../database/current-database.ts'
import { parseServerVersion, type ServerSystem, type ServerVersion } from '../database/server-version.ts'
import { ConfigurationError } from '../errors.ts'
import type { ColumnMetadata, IndexMetadata, TableMetadata } from '../metadata.ts'
import { type ColumnRow, columnMetadata } from './column-metadata.ts'
import { informationReader } from './information-schema.ts'
import { readJsonColumns } from './json-columns.ts'

/** The current database as the server describes it now. */
export interface Schema {
  readonly database: string
  readonly system: ServerSystem
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

/** An index that lookups cannot use, and why. */
export interface OmittedIndex {
  readonly name: string
  readonly unique: boolean
  readonly reason: string
}

export interface ReadSchemaOptions {
  /** Only these tables; a name that does not exist is not an error. */
  readonly tables?: readonly string[]
}

interface TableRow {
  readonly name: string
  readonly kind: string
}

interface IndexRow {
  readonly tablename: string
  readonly name: string
  readonly nonunique: number
  readonly columnname: string | null
  readonly prefix: number | null
  readonly indextype: string
  readonly ignored: string
}

const PRIMARY = 'PRIMARY'

/** Reads the current database's tables, views, keys and indexes, with at most five statements for 50 tables. */
export async function readSchema<DB>(db: Kysely<DB>, options: ReadSchemaOptions = {}): Promise<Schema> {
  const read = informationReader(db)
  const only = options.tables && new Set(options.tables)

  const [server] = await read(
    sql<{ version: string; name: string | null }>`select version() as version, database() as name`,
  )
  if (!server?.name) {
    throw new ConfigurationError({
      kind: 'connection',
      problem: 'The connection has no database selected',
      fix: 'Name one in the URL: mysql://user:password@host:3306/database.',
    })
  }
  const identity = parseServerVersion(server.version)
  const { system } = identity
  const current = sql.raw(inCurrentDatabase('table_schema'))
  const tables = await read(sql<TableRow>`
    select table_name as name, table_type as kind from information_schema.tables where ${current}`)
  const columns = await read(sql<ColumnRow>`
    select table_name as tablename, column_name as name, data_type as datatype, column_type as columntype,
      column_default as defaulttext, is_nullable as nullable, extra as extra, character_maximum_length as length,
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
    .filter(({ name, kind }) => kind !== 'SEQUENCE' && (!only || only.has(name)))
    .sort(byName)
    .map(({ name, kind }) => ({ name, view: kind === 'VIEW', columns: columnsOf.get(name) ?? [] }))
  const texts = wanted.map((table) => ({
    ...table,
    columns: table.columns.filter(({ length }) => length !== null),
  }))
  const json = system === 'mariadb' ? await readJsonColumns(db, texts) : new Set()
  return {
    database: server.name,
    system,
    tables: wanted.map(({ name, view, columns }) =>
      describeTable({
        name,
        kind: view ? 'view' : 'table',
        columns: columns.map((row) => columnMetadata(row, { system, view, json: json.has(row) })),
        indexes: indexesOf.get(name) ?? [],
      }),
    ),
  }
}

/** Indexes can be ignored by MariaDB from 10.6 on, and invisible in MySQL from 8.0 on. */
function ignoredColumn({ system, release }: ServerVersion): string {
  if (system === 'mysql') return release >= 800 ? "if(is_visible = 'YES', 'NO', 'YES')" : "'NO'"
  return release >= 1006 ? 'ignored' : "'NO'"
}

interface TableParts {
  readonly name: string
  readonly kind: 'table' | 'view'
  readonly columns: readonly ColumnMetadata[]
  readonly indexes: readonly IndexRow[]
}

function describeTable({ name, kind, columns, indexes }: TableParts): SchemaTable {
  const uniqueKeys: IndexMetadata[] = []
  const plainIndexes: IndexMetadata[] = []
  const omittedIndexes: OmittedIndex[] = []
  let primaryKey: readonly string[] = []
  let unsupported = noRepository(kind, columns)
  for (const [index, parts] of Map.groupBy(indexes, (row) => row.name)) {
    const unique = Number(parts[0]?.nonunique) === 0
    const reason = whyOmitted(parts, columns)
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

function noRepository(kind: 'table' | 'view', columns: readonly ColumnMetadata[]): string | undefined {
  if (kind === 'table') return 'it has no primary key'
  return columns.length > 0 ? 'it is a view' : 'it is a view whose tables or columns are gone'
}

function whyOmitted(parts: readonly IndexRow[], columns: readonly ColumnMetadata[]): string | undefined {
  for (const { name, columnname, prefix, indextype, ignored } of parts) {
    if (ignored === 'YES') return 'the server ignores it (it is invisible)'
    if (columnname === null) return 'it is over an expression'
    if (/^(fulltext|spatial|rtree|vector)$/i.test(indextype)) return `it is a ${indextype} index`
    if (prefix !== null) return `it covers only the first ${prefix} characters or bytes of ${columnname}`
    if (/^hash$/i.test(indextype) && name !== PRIMARY) {
      return 'it is a hash index, as MariaDB makes for unique columns that are too long for a tree'
    }
    const column = columns.find((one) => one.name === columnname)
    const key = column && columnType(column).key
    if (typeof key === 'string') {
      return `${columnname} is ${column?.type.toUpperCase()}, which cannot be a key: ${key}`
    }
  }
  return undefined
}

/** By code unit: the same on every machine, whatever its locale. */
export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
}
