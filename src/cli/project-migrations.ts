import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { ProjectMigrations } from '../check/migrations.ts'
import { CommandError } from './command.ts'
import { describeFailure } from './failure.ts'
import {
  type ConfigOptions,
  findKyselyConfig,
  MIGRATION_TABLES,
  type MigrationsConfig,
  made,
  migrationsFromConfig,
} from './kysely-config.ts'
import { readIfThere } from './source-file.ts'
import { whileLoading } from './supervision.ts'

export interface MigrationsOptions {
  /** A folder; overrides the configuration. */
  readonly folder?: string | undefined
  readonly config?: string | undefined
  readonly environment?: string | undefined
  readonly timeout: number
}

/** The names of the migrator's tables. */
export async function migrationTables(
  options: Omit<MigrationsOptions, 'folder'>,
): Promise<readonly string[]> {
  const file = options.config ?? findKyselyConfig(process.cwd())
  const config = file === undefined ? {} : await configuredIn({ ...options, file })
  return [...MIGRATION_TABLES, config.migrationTableName, config.migrationLockTableName].filter(
    (name) => name !== undefined,
  )
}

/** Whether {@link migrationTables} needs the configuration, which few do. */
export async function namesMigrationTables({ config }: Pick<MigrationsOptions, 'config'>): Promise<boolean> {
  const file = config ?? findKyselyConfig(process.cwd())
  return file !== undefined && /migration(Lock)?TableName/.test((await readIfThere(file)) ?? '')
}

/** Finds the project's migrations as kysely-ctl does. */
export async function projectMigrations(options: MigrationsOptions): Promise<ProjectMigrations | undefined> {
  const file = options.config ?? findKyselyConfig(process.cwd())
  const config = file === undefined ? {} : await configuredIn({ ...options, file })
  const noted = { table: config.migrationTableName, schema: config.migrationTableSchema }
  if (options.folder !== undefined) {
    return { ...noted, ...(await migrationsIn(options.folder, { allowJS: true })) }
  }
  if (config.provider) {
    const { provider } = config
    const names = await whileLoading({ file: file!, timeout: options.timeout }, async () =>
      Object.keys(await (await made(provider)).getMigrations()),
    )
    return { ...noted, origin: `the provider of ${relative(process.cwd(), file!)}`, names: names.sort() }
  }
  const folder = folderOf(file, config)
  if (!existsSync(folder)) return undefined
  return { ...noted, ...(await migrationsIn(folder, { allowJS: file === undefined || config.allowJS })) }
}

async function configuredIn(options: ConfigOptions): Promise<MigrationsConfig> {
  try {
    return await migrationsFromConfig(options)
  } catch (error) {
    const origin = relative(process.cwd(), options.file)
    throw new CommandError(`${origin} cannot be used: ${describeFailure(error, { origin, secrets: [] })}`)
  }
}

function folderOf(file: string | undefined, { migrationFolder }: MigrationsConfig): string {
  if (file === undefined) return resolve('migrations')
  const beside = dirname(resolve(file))
  if (migrationFolder) return resolve(beside, migrationFolder)
  return resolve(basename(beside) === '.config' ? dirname(beside) : beside, 'migrations')
}

/** Reads names only: a migration may do something when it is loaded. */
async function migrationsIn(
  folder: string,
  { allowJS }: { readonly allowJS?: boolean | undefined },
): Promise<Pick<ProjectMigrations, 'origin' | 'names'>> {
  const wanted = allowJS ? /(?<!\.d)\.[cm]?[jt]s$/ : /(?<!\.d)\.[cm]?ts$/
  const names = new Set<string>()
  for (const name of await filesIn(folder)) {
    if (!wanted.test(name)) continue
    const isMigration = /\bup\b/.test(await readFile(join(folder, name), 'utf8'))
    if (isMigration) names.add(name.replace(wanted, ''))
  }
  return { origin: relative(process.cwd(), folder) || '.', names: [...names].sort() }
}

async function filesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    throw new CommandError(`the migrations in ${folder} cannot be read: ${describeFailure(error)}`)
  }
}
