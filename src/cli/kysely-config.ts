import { existsSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { type Dialect, Kysely, MysqlDialect, type MysqlDialectConfig } from 'kysely'
import type { MigrationProvider } from 'kysely/migration'
import { refusePromisePool } from '../database/driver-options.ts'
import { refuseSchema } from '../database/with-schema.ts'
import { CommandError } from './command.ts'
import { whileLoading } from './supervision.ts'
import { importUserModule, JITI_OPTIONS, kyselyCtlPackage } from './user-module.ts'

type OrFactory<T> = T | (() => T | Promise<T>)

/** The part of kysely-ctl's configuration that is used here. */
interface KyselyConfig {
  readonly kysely?: OrFactory<Kysely<unknown>>
  readonly dialect?: OrFactory<Dialect> | string
  readonly dialectConfig?: OrFactory<MysqlDialectConfig>
  readonly plugins?: OrFactory<[]>
  readonly migrations?: MigrationsConfig
}

/** The part of kysely-ctl's `migrations` that is used here. */
export interface MigrationsConfig {
  readonly allowJS?: boolean
  readonly migrationFolder?: string
  readonly provider?: OrFactory<Pick<MigrationProvider, 'getMigrations'>>
  readonly migrationTableName?: string
  readonly migrationLockTableName?: string
  readonly migrationTableSchema?: string
}

export interface ConfigOptions {
  readonly file: string
  readonly environment?: string | undefined
  /** How long (ms) it may take to load. */
  readonly timeout: number
}

const EXTENSIONS = ['ts', 'mts', 'cts', 'js', 'mjs', 'cjs']

/** Finds the nearest `kysely.config.*`, in this folder or above, as `npx kysely` does. */
export function findKyselyConfig(from: string): string | undefined {
  for (const folder of ['.config', '.']) {
    for (const extension of EXTENSIONS) {
      const file = join(from, folder, `kysely.config.${extension}`)
      if (existsSync(file)) return file
    }
  }
  const parent = dirname(from)
  return parent === from ? undefined : findKyselyConfig(parent)
}

/** The Kysely instance of a configuration file. */
export async function kyselyFromConfig(options: ConfigOptions): Promise<Kysely<unknown>> {
  const db = await whileLoading(options, () => loadKysely(options))
  refuseSchema(db, 'kysely-lookup')
  return db
}

async function loadKysely(options: ConfigOptions): Promise<Kysely<unknown>> {
  const config = await loadKyselyConfig(options)
  if (config?.kysely) return await made(config.kysely)
  if (!config?.dialect) {
    throw new CommandError(
      `it holds neither kysely nor dialect. Export default defineConfig({ kysely: createDatabase({ uri: … }) }).`,
    )
  }
  const plugins = config.plugins && (await made(config.plugins))
  const dialect = await dialectFrom(config)
  return new Kysely<unknown>({ dialect, ...(plugins && { plugins }) })
}

/** The default tables of Kysely's migrator. */
export const MIGRATION_TABLES = ['kysely_migration', 'kysely_migration_lock']

/** The `migrations` of a configuration file. */
export async function migrationsFromConfig(options: ConfigOptions): Promise<MigrationsConfig> {
  const config = await whileLoading(options, () => loadKyselyConfig(options))
  return config?.migrations ?? {}
}

async function dialectFrom({ dialect, dialectConfig }: KyselyConfig): Promise<Dialect> {
  if (typeof dialect !== 'string') return await made(dialect as OrFactory<Dialect>)
  if (dialect !== 'mysql2') {
    throw new CommandError(`its dialect is ${JSON.stringify(dialect)}, and only 'mysql2' is supported.`)
  }
  const config = dialectConfig && (await made(dialectConfig))
  if (typeof config?.pool === 'object') refusePromisePool(config.pool)
  return new MysqlDialect(config as MysqlDialectConfig)
}

export async function made<T>(value: OrFactory<T>): Promise<T> {
  return typeof value === 'function' ? await (value as () => T | Promise<T>)() : value
}

const loaded = new Map<string, Promise<KyselyConfig>>()

/** Loads a file once per process: a configuration may open a pool each time it is loaded. */
function loadKyselyConfig(options: ConfigOptions): Promise<KyselyConfig> {
  const id = JSON.stringify([resolve(options.file), options.environment])
  const config = loaded.get(id) ?? loadConfigFile(options)
  loaded.set(id, config)
  return config
}

/** Loads the file as `npx kysely` does, including TypeScript, `.env` and environments. */
async function loadConfigFile({ file: given, environment }: ConfigOptions): Promise<KyselyConfig> {
  const file = resolve(given)
  const c12 = await kyselyCtlPackage(() => import('c12'))
  if (!c12) return ((await importUserModule(file)).default as KyselyConfig | undefined) ?? {}
  const cwd = dirname(file)
  const { config } = await c12.loadConfig({
    configFile: basename(file),
    cwd,
    dotenv: {
      cwd: basename(cwd) === '.config' ? dirname(cwd) : cwd,
      fileName: environment ? ['.env', `.env.${environment}`] : '.env',
    },
    ...(environment !== undefined && { envName: environment }),
    jitiOptions: JITI_OPTIONS,
    globalRc: false,
    packageJson: false,
    rcFile: false,
  })
  return config
}
