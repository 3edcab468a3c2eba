import { type Kysely, sql } from 'kysely'
import type { ColumnType } from '../columns/column-type.ts'
import { columnType } from '../columns/column-types.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import { ownDatabase } from '../database/lookup-adapter.ts'
import { ConfigurationError } from '../errors.ts'
import type { ConstantKey } from '../metadata.ts'
import type { SchemaTable } from '../schema/read-schema.ts'
import type { RowConstants } from './row-constants.ts'

/** The limit, because the compiler reads all of them. */
const LIMIT = 1_000

export interface ConstantKeysOptions {
  /** `table:column`, by the names in the database. */
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
    const { table, column, constantKey } = findKeyColumn(text, tables)
    const texts = await readTexts(db, table, column)
    if (texts.length === 0) refuse(text, `${table} has no rows`, 'Load them first.')
    if (texts.length > LIMIT) {
      refuse(text, `${table} has more than ${LIMIT} rows`, 'Leave it out: constants are for small tables.')
    }
    const keys = texts.map((text) => constantKey(text, { bigint }))
    if (keys.some((key) => typeof key === 'number' && !Number.isSafeInteger(key))) {
      refuse(text, `${table} has keys beyond 2^53`, 'Generate with --bigint bigint or string.')
    }
    constants.push({ table, column, keys: keys.sort(ascending) })
  }
  return constants
}

interface ConstantColumn extends Required<Pick<ColumnType, 'constantKey'>> {
  readonly table: string
  readonly column: string
}

function findKeyColumn(text: string, tables: readonly SchemaTable[]): ConstantColumn {
  const [, name, columnName] = /^([^:]+):([^:]+)$/.exec(text) ?? []
  if (!name)
    return refuse(
      text,
      'it does not name a table and a column',
      'Write table:column, for instance country:code.',
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
  return { table: name, column: column.name, constantKey }
}

const OTHER = 'Name another table:column, or leave it out.'

function refuse(constants: string, problem: string, fix: string): never {
  throw new ConfigurationError({ kind: 'constants', problem: `--constants ${constants}: ${problem}`, fix })
}

/** Read as text, so that it does not matter how this connection reads integers. */
async function readTexts(db: Kysely<unknown>, table: string, column: string): Promise<readonly string[]> {
  const { rows } = await sql<{ constant: string }>`
    select cast(${sql.id(column)} as char character set utf8mb4) as constant from ${sql.id(table)}
    where ${sql.id(column)} is not null limit ${sql.lit(LIMIT + 1)}`.execute(ownDatabase(db).withoutPlugins())
  return rows.map(({ constant }) => String(constant))
}

/** By code unit, or by value: the same on every machine. */
function ascending(a: ConstantKey, b: ConstantKey): number {
  return a < b ? -1 : a > b ? 1 : 0
}
