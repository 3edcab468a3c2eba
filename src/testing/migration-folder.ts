import fs from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Kysely } from 'kysely'
import { FileMigrationProvider, Migrator } from 'kysely/migration'
import { ConfigurationError } from '../errors.ts'

/**
 * Migrations, as `kysely-ctl` runs them.
 *
 * @example
 * ```ts
 * const migrations: MigrationFolder = { folder: 'migrations', migrationTableName: 'migration' }
 * ```
 */
export interface MigrationFolder {
  /**
   * A folder of files that export `up`. They may be TypeScript if Node, or your test runner, can load it.
   *
   * @example
   * ```ts
   * await migrate(db, { folder: 'migrations' })
   * ```
   */
  readonly folder: string
  /**
   * The table in which Kysely records what has run (default `kysely_migration`).
   *
   * @example
   * ```ts
   * await migrate(db, { folder: 'migrations', migrationTableName: 'migration' })
   * ```
   */
  readonly migrationTableName?: string
  /**
   * The table that Kysely locks (default `kysely_migration_lock`).
   *
   * @example
   * ```ts
   * await migrate(db, { folder: 'migrations', migrationLockTableName: 'migration_lock' })
   * ```
   */
  readonly migrationLockTableName?: string
  /**
   * How to load a file (default `import()`).
   *
   * @example
   * ```ts
   * await migrate(db, { folder: 'migrations', import: (file) => import(`${file}?fresh`) })
   * ```
   * @throws whatever loading throws; `migrate` then rejects with a ConfigurationError.
   */
  readonly import?: (file: string) => Promise<unknown>
}

/**
 * Runs the pending migrations of a folder and resolves to their names. It records them as `kysely-ctl` does.
 *
 * @example
 * ```ts
 * const names = await migrate(db, { folder: 'migrations' })
 * ```
 * @throws ConfigurationError if the folder has no migrations, or one of them fails; its `cause` is the migration's error.
 */
export async function migrate<DB>(db: Kysely<DB>, options: MigrationFolder): Promise<readonly string[]> {
  const { folder, import: load = importFile, ...tables } = options
  const migrationFolder = path.resolve(folder)
  const provider = new FileMigrationProvider({ fs, path, migrationFolder, import: load })
  const migrations = await provider.getMigrations().catch((cause) => {
    throw new ConfigurationError({
      kind: 'migration',
      problem: `migrate: the migrations in ${migrationFolder} could not be loaded`,
      fix: 'The cause says why.',
      cause,
    })
  })
  if (Object.keys(migrations).length === 0) {
    throw new ConfigurationError({
      kind: 'migration',
      problem: `migrate: expected migrations in ${migrationFolder}, and found none`,
      fix: 'Name the folder of the files that export up(db).',
    })
  }
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations }, ...tables })
  const { results = [], error } = await migrator.migrateToLatest()
  if (error !== undefined) {
    const failed = results.find(({ status }) => status === 'Error')
    throw new ConfigurationError({
      kind: 'migration',
      problem: failed
        ? `migrate: the migration ${failed.migrationName} failed`
        : 'migrate: the migrations did not run',
      fix: 'The cause says why.',
      cause: error,
    })
  }
  return results.map(({ migrationName }) => migrationName)
}

function importFile(file: string): Promise<unknown> {
  return import(pathToFileURL(file).href)
}
