import { type Kysely, sql } from 'kysely'
import { isReadAsJson } from '../columns/decoding.ts'
import { isConnectionLoss } from '../database/connection-loss.ts'
import { inCurrentDatabase } from '../database/current-database.ts'
import { describeResult } from '../database/describe.ts'
import { ER_COLUMNACCESS_DENIED_ERROR, errorNumber } from '../database/server-errors.ts'
import { quoteName } from '../database/statement.ts'
import type { ColumnRow } from './column-metadata.ts'

/** One table's columns whose values are texts or bytes. */
interface TextColumns {
  readonly name: string
  readonly view: boolean
  readonly columns: readonly ColumnRow[]
}

/** MariaDB joins no more than 61 tables. */
const TABLES_AT_ONCE = 50

/**
 * MariaDB: the columns whose texts the driver parses as JSON. The server says so in the metadata of an answer, by rules of
 * its own (a check that has `json_valid` among its conditions, an expression of a view), so that is what is asked for.
 */
export async function readJsonColumns<DB>(
  db: Kysely<DB>,
  tables: readonly TextColumns[],
): Promise<ReadonlySet<ColumnRow>> {
  const found = new Set<ColumnRow>()
  const asked = tables.filter(({ columns }) => columns.length > 0)
  for (let from = 0; from < asked.length; from += TABLES_AT_ONCE) {
    const json = await describedAsJson(db, asked.slice(from, from + TABLES_AT_ONCE))
    if (!json) return await guessedByChecks(db, asked)
    for (const column of json) found.add(column)
  }
  return found
}

/** Undefined where the driver's metadata cannot be read. */
async function describedAsJson<DB>(
  db: Kysely<DB>,
  tables: readonly TextColumns[],
): Promise<readonly ColumnRow[] | undefined> {
  const names = tables.flatMap(({ columns }, at) => columns.map(({ name }) => `t${at}.${quoteName(name)}`))
  const from = tables.map(({ name }, at) => `${quoteName(name)} t${at}`)
  try {
    const fields = await describeResult(db, `select ${names.join(', ')} from ${from.join(' join ')} limit 0`)
    const columns = tables.flatMap((table) => table.columns)
    return fields && columns.filter((_, at) => fields[at] !== undefined && isReadAsJson(fields[at]))
  } catch (error) {
    if (errorNumber(error) === undefined || isConnectionLoss(error)) throw error
    // A view whose tables are gone or are many, a right that is missing: nothing else is left undescribed.
    const [table, ...others] = tables
    const parts = others.length > 0 ? halvesOf(tables) : columnParts(table!, error)
    const found: ColumnRow[] = []
    for (const part of parts) {
      const json = await describedAsJson(db, part)
      if (!json) return undefined
      found.push(...json)
    }
    return found
  }
}

function halvesOf<Part>(parts: readonly Part[]): readonly (readonly Part[])[] {
  const middle = Math.ceil(parts.length / 2)
  return [parts.slice(0, middle), parts.slice(middle)]
}

/** One table's columns in two parts, where a right for some of them is missing. */
function columnParts(table: TextColumns, error: unknown): readonly (readonly TextColumns[])[] {
  const { columns } = table
  if (errorNumber(error) !== ER_COLUMNACCESS_DENIED_ERROR || columns.length < 2) return []
  return halvesOf(columns).map((half) => [{ ...table, columns: half }])
}

/** For a Kysely instance that `createDatabase` did not make. A view does not show the checks of its tables' columns. */
async function guessedByChecks<DB>(
  db: Kysely<DB>,
  tables: readonly TextColumns[],
): Promise<ReadonlySet<ColumnRow>> {
  const { rows } = await sql<{ tablename: string; name: string; clause: string | Buffer }>`
    select table_name as tablename, constraint_name as name, check_clause as clause
    from information_schema.check_constraints
    where ${sql.raw(inCurrentDatabase('constraint_schema'))} and level = 'Column'`.execute(
    db.withoutPlugins(),
  )
  const checked = new Set(
    rows
      .filter(({ clause }) => requiresJson(String(clause)))
      .map(({ tablename, name }) => JSON.stringify([tablename, name])),
  )
  return new Set(
    tables.flatMap(({ view, columns }) =>
      columns.filter(({ tablename, name, datatype, collation }) =>
        view
          ? datatype.toLowerCase() === 'longtext' && collation === 'utf8mb4_bin'
          : checked.has(JSON.stringify([tablename, name])),
      ),
    ),
  )
}

/** Whether a check is of `json_valid`, alone or among conditions that must all hold. */
function requiresJson(clause: string): boolean {
  const conditions = clause.replaceAll(/'(?:[^'\\]|\\.|'')*'/gs, "''")
  return !/ x?or /.test(conditions) && / and json_valid\([`"][^)]*[`"]\) and /.test(` and ${conditions} and `)
}
