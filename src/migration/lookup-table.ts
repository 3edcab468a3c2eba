import type { QueryExecutorProvider } from 'kysely'
import { inCurrentDatabase } from '../database/current-database.ts'
import { quoteName } from '../database/statement.ts'
import { ConfigurationError } from '../errors.ts'
import { literal, run } from './server-statement.ts'
import { VERSION_TABLE } from './version-table.ts'

interface TableRow {
  readonly name: string
  readonly kind: string
  readonly engine: string | null
  readonly folded: number
}

/** The table's name on the server. Rejects if triggers on the table could not be trusted. */
export async function requireLookupTable(
  db: QueryExecutorProvider,
  options: { readonly table: string; readonly helper: string },
): Promise<string> {
  const { table, helper } = options
  if (typeof table !== 'string' || table === '') {
    throw new ConfigurationError({
      kind: 'option',
      problem: `${helper} expects the name of a table, and got ${typeof table === 'string' ? 'an empty string' : typeof table}`,
      fix: `Call it so: ${helper}(db, 'country').`,
    })
  }
  const found = await findTable(db, table)
  if (!found) {
    throw new ConfigurationError({
      kind: 'table',
      problem: `${helper}: there is no table ${table} in the current database`,
      fix: 'Create it before, in this migration or in an earlier one; a name is given without its database.',
    })
  }
  if (found.name === VERSION_TABLE) {
    throw new ConfigurationError({
      kind: 'table',
      problem: `${helper}: ${VERSION_TABLE} holds the versions and cannot have one itself`,
      fix: 'Name another table.',
    })
  }
  if (found.kind === 'VIEW') {
    throw new ConfigurationError({
      kind: 'table',
      problem: `${helper}: ${table} is a view, which has no triggers`,
      fix: 'Name the table behind it.',
    })
  }
  if (found.engine !== 'InnoDB') {
    throw new ConfigurationError({
      kind: 'table',
      problem: `${helper}: the engine of ${table} is ${found.engine}, where a change that is rolled back stays`,
      fix: `Run first: alter table ${quoteName(found.name)} engine = InnoDB.`,
    })
  }
  return found.name
}

/** The table's name on the server, which may ignore case; `table` if there is no such table. */
export async function nameOnServer(db: QueryExecutorProvider, table: string): Promise<string> {
  return (await findTable(db, table))?.name ?? table
}

async function findTable(db: QueryExecutorProvider, table: string): Promise<TableRow | undefined> {
  const rows = await run<TableRow>(
    db,
    `select table_name as name, table_type as kind, engine as engine, @@lower_case_table_names as folded
      from information_schema.tables where ${inCurrentDatabase('table_schema')} and table_name = ${literal(table)}`,
  )
  // information_schema may ignore case and accents even if table names do not.
  return (
    rows.find(({ name }) => name === table) ??
    rows.find(({ name, folded }) => Number(folded) > 0 && name.toLowerCase() === table.toLowerCase())
  )
}
