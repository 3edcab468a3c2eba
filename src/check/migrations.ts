import { type Kysely, sql } from 'kysely'
import { ownDatabase } from '../database/lookup-adapter.ts'
import type { Finding, Report } from './finding.ts'
import { deniedRight, isGone } from './server-error.ts'

/** The migrations of a project. */
export interface ProjectMigrations {
  /** Their folder, for messages. */
  readonly origin: string
  readonly names: readonly string[]
  /** The table in which Kysely records what has run, if it is not the default. */
  readonly table?: string | undefined
  readonly schema?: string | undefined
}

const DEFAULT_TABLE = 'kysely_migration'

/** Checks that every migration of the project has run in this database, and no other. */
export async function checkMigrations(db: Kysely<unknown>, migrations: ProjectMigrations): Promise<Report> {
  const { origin, names } = migrations
  const applied = await readApplied(db, migrations)
  if (applied === undefined) {
    const reason = 'the user may not read which have run; use the connection of the user that migrates'
    return { findings: [], skipped: [{ what: 'migrations', reason }] }
  }
  const unapplied = names.filter((name) => !applied.includes(name))
  const unknown = applied.filter((name) => !names.includes(name))
  return {
    findings: [
      ...unapplied.map(
        (name): Finding => ({
          code: 'unapplied-migration',
          message: `the migration ${name} of ${origin} has not run in this database`,
          fix: 'Run npx kysely migrate:latest.',
        }),
      ),
      ...unknown.map(
        (name): Finding => ({
          code: 'unknown-migration',
          message: `the migration ${name} has run in this database and is not in ${origin}: Kysely runs no others until that is fixed`,
          fix: 'Deploy the code that has it, or restore its file.',
        }),
      ),
    ],
  }
}

/** Undefined if the user may not see it. */
async function readApplied(
  db: Kysely<unknown>,
  { table = DEFAULT_TABLE, schema }: ProjectMigrations,
): Promise<readonly string[] | undefined> {
  const name = schema === undefined ? sql.id(table) : sql.id(schema, table)
  try {
    const { rows } = await sql<{ name: string }>`select name from ${name} order by name`.execute(
      ownDatabase(db).withoutPlugins(),
    )
    return rows.map((row) => row.name)
  } catch (error) {
    // Kysely creates it with the first migration.
    if (isGone(error)) return []
    if (deniedRight(error)) return undefined
    throw error
  }
}
