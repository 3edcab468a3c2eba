import type { Kysely } from 'kysely'
import type { Lifetime } from '../cache/age.ts'
import type { FollowedCache } from '../cache/process-cache.ts'
import { refusePromisePool } from '../database/driver-options.ts'
import { adapterOf, isBound } from '../database/lookup-adapter.ts'
import { refuseUnknownOptions } from '../database/option-names.ts'
import type { StatementForm } from '../database/server-features.ts'
import { ConfigurationError } from '../errors.ts'
import type { TablesMetadata } from '../metadata.ts'
import type { Store } from '../store/store.ts'
import { checkDecoding } from '../verification/decoding-check.ts'
import { checkPlugins } from '../verification/plugins.ts'
import {
  type ResolvedVersionOptions,
  VERSION_DEFAULTS,
  type VersionOptions,
} from '../versions/version-watch.ts'
import type { CacheMode } from './repositories-options.ts'

/** How a table is cached. */
export type ResolvedCacheMode =
  | { readonly mode: FollowedCache['mode']; readonly maxRows: number }
  | { readonly mode: 'expiring'; readonly maxRows: number; readonly lifetime: Lifetime }

/** The options of `createRepositories`, checked and with their defaults. */
export interface ResolvedOptions {
  readonly maxBatchSize: number
  readonly maxWaitingKeys: number
  /** Milliseconds over a read. */
  readonly timeout: number
  readonly statementForm: StatementForm | undefined
  readonly errorKeys: boolean
  readonly versions: ResolvedVersionOptions
  readonly store: Store | undefined
  /** How a table is cached; undefined where it is remembered per request only. */
  cacheOf(table: string): ResolvedCacheMode | undefined
}

interface GivenOptions {
  readonly db: object
  readonly tables: TablesMetadata
  readonly cache?: { readonly [name: string]: CacheMode | undefined }
  readonly versions?: VersionOptions
  readonly store?: Store
  readonly maxBatchSize?: number
  readonly maxWaitingKeys?: number
  readonly timeout?: number
  readonly statementForm?: StatementForm
  readonly allowPlugins?: readonly string[]
  readonly errorKeys?: boolean
}

const CREATE_REPOSITORIES = 'createRepositories'

export const DEFAULT_MAX_ROWS = 200_000
const DEFAULT_MAX_BATCH_SIZE = 5_000
const DEFAULT_MAX_WAITING_KEYS = 1_000_000
const DEFAULT_TIMEOUT = 10_000

/** @throws ConfigurationError for what can be seen to be wrong without asking the server. */
export function resolveOptions(options: GivenOptions): ResolvedOptions {
  const {
    db,
    tables,
    cache = {},
    versions = {},
    maxBatchSize = DEFAULT_MAX_BATCH_SIZE,
    maxWaitingKeys = DEFAULT_MAX_WAITING_KEYS,
    timeout = DEFAULT_TIMEOUT,
    errorKeys = false,
  } = options ?? {}
  refuseUnknownOptions(options ?? {}, {
    of: CREATE_REPOSITORIES,
    known: [
      'db',
      'tables',
      'cache',
      'versions',
      'store',
      'maxBatchSize',
      'maxWaitingKeys',
      'timeout',
      'statementForm',
      'errorKeys',
      'allowPlugins',
    ],
    elsewhere: {
      ...Object.fromEntries(
        [...Object.keys(VERSION_DEFAULTS), 'doorbell'].map((name) => [name, `versions: { ${name} }`]),
      ),
      maxRows: 'cache: { table: { mode, maxRows } }',
      mode: 'cache: { table: mode }',
    },
  })
  checkDatabase(db)
  if (typeof tables !== 'object' || tables === null) {
    throw invalid('tables is missing', 'Import it from the file that kysely-lookup generate wrote.')
  }
  checkDecoding(db as Kysely<unknown>, tables)
  checkPlugins(db as Kysely<unknown>, tables, options.allowPlugins)
  const modes = new Map(Object.entries(cache).map(([name, mode]) => [name, resolveMode(name, mode)]))
  for (const name of modes.keys()) {
    if (!Object.hasOwn(tables, name)) {
      throw invalid(
        `cache names ${JSON.stringify(name)}, and the generated metadata has no such table with a primary key`,
        'Correct the name, or run kysely-lookup generate after a migration.',
      )
    }
  }
  if (!isPositiveInteger(maxBatchSize)) throw notPositive('maxBatchSize')
  if (!isPositiveInteger(maxWaitingKeys)) throw notPositive('maxWaitingKeys')
  if (!isMilliseconds(timeout)) throw notMilliseconds('timeout')
  if (typeof errorKeys !== 'boolean') {
    throw invalid(
      `errorKeys must be true or false, and is ${JSON.stringify(errorKeys)}`,
      'Correct it, or leave it out.',
    )
  }
  const { statementForm } = options
  if (statementForm !== undefined && statementForm !== 'json_table' && statementForm !== 'union_all') {
    throw invalid(
      `statementForm must be 'json_table' or 'union_all', and is ${JSON.stringify(statementForm)}`,
      'Correct it, or leave it out.',
    )
  }
  return {
    maxBatchSize,
    maxWaitingKeys,
    timeout,
    statementForm,
    errorKeys,
    versions: resolveVersions(versions),
    store: resolveStore(options.store),
    cacheOf: (table) => modes.get(table),
  }
}

function checkDatabase(db: object | undefined): void {
  const given = db as { getExecutor?: unknown; getConnection?: unknown } | undefined
  if (typeof given?.getExecutor === 'function') {
    const kysely = given as Kysely<unknown>
    if (!adapterOf(kysely)) {
      throw invalid(
        'db is a Kysely instance that createDatabase did not make, and lookups need connections of their own',
        'Make it from its pool: createDatabase({ pool, plugins, log }).',
      )
    }
    if (kysely.isTransaction || isBound(kysely)) {
      throw invalid(
        'db is bound to one connection, and what is read in a transaction may never be committed',
        'Pass the database that createDatabase made, and read in a transaction with repos.$withTransaction(trx).',
      )
    }
    return
  }
  if (typeof given?.getConnection === 'function') refusePromisePool(given)
  throw invalid('db is not a Kysely instance', 'Make one with createDatabase.')
}

function resolveMode(table: string, given: CacheMode | undefined): ResolvedCacheMode | undefined {
  if (given === undefined) return undefined
  const options = typeof given === 'object' && given !== null ? given : { mode: given }
  const { mode, maxRows = DEFAULT_MAX_ROWS } = options
  refuseUnknownOptions(options, {
    of: CREATE_REPOSITORIES,
    inside: `cache.${table}`,
    known: ['mode', 'maxRows', ...(mode === 'expiring' ? ['maxAge', 'refreshAfter'] : [])],
  })
  if (mode !== 'immutable' && mode !== 'versioned' && mode !== 'expiring') {
    throw invalid(
      `the cache mode ${JSON.stringify(mode)} of ${table} is not supported`,
      "Use 'immutable' for rows that never change, 'versioned' for rows whose changes are tracked, { mode: 'expiring', maxAge } for rows that may be served for so many milliseconds, or leave the table out.",
    )
  }
  if (!isPositiveInteger(maxRows)) throw notPositive(`maxRows of ${table}`)
  return options.mode === 'expiring'
    ? { mode: options.mode, maxRows, lifetime: resolveLifetime(table, options) }
    : { mode: options.mode, maxRows }
}

function resolveLifetime(table: string, { maxAge, refreshAfter }: Partial<Lifetime>): Lifetime {
  if (!isMilliseconds(maxAge)) {
    throw invalid(
      `maxAge of ${table} must be a positive integer, in milliseconds`,
      `Set it: { mode: 'expiring', maxAge: 60_000 }; 2,147,483,647 is the most.`,
    )
  }
  if (refreshAfter !== undefined && !(isMilliseconds(refreshAfter) && refreshAfter < maxAge)) {
    throw invalid(
      `refreshAfter of ${table} must be a positive integer, in milliseconds, less than its maxAge of ${maxAge}`,
      'Correct it, or leave it out.',
    )
  }
  return { maxAge, refreshAfter }
}

function resolveVersions(given: VersionOptions): ResolvedVersionOptions {
  const known = [...Object.keys(VERSION_DEFAULTS), 'doorbell']
  refuseUnknownOptions(given, { of: CREATE_REPOSITORIES, inside: 'versions', known })
  const versions = { ...VERSION_DEFAULTS, ...given }
  for (const name of ['pollInterval', 'pollTimeout', 'maxUnverified'] as const) {
    if (!isMilliseconds(versions[name])) throw notMilliseconds(`versions.${name}`)
  }
  if (versions.whenUnverified !== 'serve' && versions.whenUnverified !== 'refuse') {
    throw invalid(
      `versions.whenUnverified must be 'serve' or 'refuse', and is ${JSON.stringify(versions.whenUnverified)}`,
      'Correct it, or leave it out.',
    )
  }
  const { doorbell } = versions
  if (doorbell !== undefined && typeof doorbell?.subscribe !== 'function') {
    throw invalid(
      'versions.doorbell has no subscribe()',
      'Pass redisDoorbell(…) of kysely-lookup/redis, binlogDoorbell(…) of kysely-lookup/binlog, or a Doorbell of your own.',
    )
  }
  return versions
}

function resolveStore(given: Store | undefined): Store | undefined {
  if (given === undefined || (typeof given?.read === 'function' && typeof given.write === 'function'))
    return given
  throw invalid(
    'store is no store',
    "Make one: lmdbStore({ path: '/var/cache/shop/lookups' }) of kysely-lookup/lmdb.",
  )
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function isMilliseconds(value: unknown): value is number {
  return isPositiveInteger(value) && (value as number) <= 0x7fffffff
}

function notPositive(name: string): ConfigurationError {
  return invalid(`${name} must be a positive integer`, 'Correct it, or leave it out.')
}

function notMilliseconds(name: string): ConfigurationError {
  return invalid(
    `${name} must be a positive integer, in milliseconds`,
    'Correct it, or leave it out; 2,147,483,647 is the most.',
  )
}

function invalid(problem: string, fix: string): ConfigurationError {
  return new ConfigurationError({ kind: 'option', problem: `${CREATE_REPOSITORIES}: ${problem}`, fix })
}
