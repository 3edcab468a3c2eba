import { type Kysely, sql } from 'kysely'
import type { ColumnType } from '../columns/column-type.ts'
import { columnType } from '../columns/column-types.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import { ownDatabase } from '../database/lookup-adapter.ts'
import { ConfigurationError } from '../errors.ts'
import type { ColumnMetadata, ConstantKey } from '../metadata.ts'
import type { SchemaTable } from '../schema/read-schema.ts'
import type { RowConstant, RowConstants } from './row-constants.ts'

/** The limit, because the compiler reads all of them. */
const LIMIT = 1_000

export interface ConstantKeysOptions {
  /** `table:column` or `table:column=other`, by the names in the database. */
  readonly wanted: readonly string[]
  readonly tables: readonly SchemaTable[]
  readonly bigint: Required<DecodingOptions>['bigint']
}

/**
 * Reads the keys that tables have in a column now, in a stable order.
 *
 * @throws ConfigurationError for tables and columns that cannot have constants.
 */
export async function readConstantKeys(
  db: Kysely<unknown>,
  { wanted, tables, bigint }: ConstantKeysOptions,
): Promise<readonly RowConstants[]> {
  const constants: RowConstants[] = []
  for (const text of [...new Set(wanted)]) {
    const { constantKey, ...columns } = findColumns(text, tables)
    const { table, column } = columns
    if (constants.some((other) => other.table === table && other.column === column)) {
      refuse(text, `${table}:${column} is named twice`, 'Name it once.')
    }
    const rows = await readTexts(db, columns)
    if (rows.length === 0) refuse(text, `${table} has no rows`, 'Load them first.')
    if (rows.length > LIMIT) {
      refuse(text, `${table} has more than ${LIMIT} rows`, 'Leave it out: constants are for small tables.')
    }
    const members = rows.map(({ constant, name }) => ({ name, key: constantKey(constant, { bigint }) }))
    if (members.some(({ key }) => typeof key === 'number' && !Number.isSafeInteger(key))) {
      refuse(text, `${table} has keys beyond 2^53`, 'Generate with --bigint bigint or string.')
    }
    requireNames(text, columns, members)
    constants.push({ ...columns, members: members.sort((a, b) => ascending(a.key, b.key)) })
  }
  return constants
}

/** By the names in the database. */
type ConstantColumns = Omit<RowConstants, 'members'>

function findColumns(
  text: string,
  tables: readonly SchemaTable[],
): ConstantColumns & Required<Pick<ColumnType, 'constantKey'>> {
  const [, name, columnName, namedBy] = /^([^:]+):([^:=]+)(?:=([^:=]+))?$/.exec(text) ?? []
  if (!name)
    return refuse(
      text,
      'it does not name a table and a column',
      'Write table:column, for instance country:code, or table:column=names, for instance order_status:id=slug.',
    )
  const table = tables.find(({ metadata, unsupported }) => metadata.name === name && !unsupported)?.metadata
  if (!table)
    return refuse(text, `there is no table ${name} with a primary key among those that are generated`, OTHER)
  const column = table.columns.find((one) => one.name === columnName)
  if (!column) return refuse(text, `${name} has no column ${columnName}`, OTHER)
  const unique = [table.primaryKey, ...table.uniqueKeys.map(({ columns }) => columns)]
  if (!unique.some((columns) => columns.length === 1 && columns[0] === columnName)) {
    return refuse(
      text,
      `${columnName} is neither the primary key of ${name} nor a unique key by itself`,
      OTHER,
    )
  }
  const { constantKey } = columnType(column)
  if (!constantKey) {
    return refuse(
      text,
      `${columnName} is ${column.type.toUpperCase()}, and constants are made of texts and integers`,
      OTHER,
    )
  }
  if (namedBy === undefined) return { table: name, column: column.name, constantKey }
  const naming = table.columns.find((one) => one.name === namedBy)
  if (!naming) return refuse(text, `${name} has no column ${namedBy}`, OTHER)
  if (!canName(naming)) {
    return refuse(text, `${namedBy} is ${naming.type.toUpperCase()}, and names are texts or integers`, OTHER)
  }
  return { table: name, column: column.name, namedBy, constantKey }
}

function canName(column: ColumnMetadata): boolean {
  return column.charset !== undefined || columnType(column).constantKey !== undefined
}

function requireNames(
  text: string,
  { table, namedBy }: ConstantColumns,
  members: readonly { readonly name: string | null }[],
): asserts members is readonly RowConstant[] {
  const fix = 'Name another column after the =, or leave it out.'
  const names = new Set(members.map(({ name }) => name))
  if (names.has(null)) refuse(text, `${namedBy} is NULL in a row of ${table}, which has no name then`, fix)
  if (names.size < members.length) refuse(text, `several rows of ${table} have the same ${namedBy}`, fix)
}

const OTHER = 'Name another table:column, or leave it out.'

function refuse(constants: string, problem: string, fix: string): never {
  throw new ConfigurationError({ kind: 'constants', problem: `--constants ${constants}: ${problem}`, fix })
}

interface TextRow {
  readonly constant: string
  readonly name: string | null
}

/** Read as text, so that it does not matter how this connection reads integers. */
async function readTexts(
  db: Kysely<unknown>,
  { table, column, namedBy = column }: ConstantColumns,
): Promise<readonly TextRow[]> {
  const text = (name: string) => sql`cast(${sql.id(name)} as char character set utf8mb4)`
  const { rows } = await sql<TextRow>`
    select ${text(column)} as constant, ${text(namedBy)} as name from ${sql.id(table)}
    where ${sql.id(column)} is not null limit ${sql.lit(LIMIT + 1)}`.execute(ownDatabase(db).withoutPlugins())
  return rows
}

/** By code unit, or by value: the same on every machine. */
function ascending(a: ConstantKey, b: ConstantKey): number {
  return a < b ? -1 : a > b ? 1 : 0
}
