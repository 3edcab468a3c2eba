import fs from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Kysely } from 'kysely'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import { ConfigurationError } from '../errors.ts'

/** Migrations as `kysely-ctl` runs them. */
export interface MigrationFolder {
  /** Of files that export `up`, such as `migrations`; TypeScript where whatever runs the tests can load it. */
  readonly folder: string
  /** Where Kysely notes what has run, if it is not `kysely_migration`. */
  readonly migrationTableName?: string
  /** If it is not `kysely_migration_lock`. */
  readonly migrationLockTableName?: string
  /** How a file is loaded, if not by `import()`. */
  readonly import?: (file: string) => Promise<unknown>
}

/**
 * Runs the migrations of a folder that have not run yet, and answers their names. What was run is noted as `kysely-ctl`
 * notes it.
 *
 * @throws ConfigurationError where the folder has no migrations, or one of them fails, which is then its `cause`.
 */
export async function migrate<DB>(db: Kysely<DB>, options: MigrationFolder): Promise<readonly string[]> {
  const { folder, import: load = importFile, ...tables } = options
  const migrationFolder = path.resolve(folder)
  const provider = new FileMigrationProvider({ fs, path, migrationFolder, import: load })
  const migrations = await provider.getMigrations().catch((cause) => {
    throw new ConfigurationError(`migrate: the migrations in ${migrationFolder} could not be loaded.`, {
      cause,
    })
  })
  if (Object.keys(migrations).length === 0) {
    throw new ConfigurationError(
      `migrate: expected migrations in ${migrationFolder}, files that export up(db), and found none.`,
    )
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations }, ...tables })
  const { results = [], error } = await migrator.migrateToLatest()
  if (error !== undefined) {
    const failed = results.find(({ status }) => status === 'Error')
    throw new ConfigurationError(
      failed
        ? `migrate: the migration ${failed.migrationName} failed.`
        : 'migrate: the migrations did not run.',
      { cause: error },
    )
  }
  return results.map(({ migrationName }) => migrationName)
}

function importFile(file: string): Promise<unknown> {
  return import(pathToFileURL(file).href)
}
