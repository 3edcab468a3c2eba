import type { Pool, PoolOptions } from 'mysql2'
import { ConfigurationError } from '../errors.ts'
import type { FixedDriverOption } from './database-options.ts'
import { refuseUnknownOptions } from './option-names.ts'

const decidedHere: readonly FixedDriverOption[] = [
  'bigNumberStrings',
  'dateStrings',
  'decimalNumbers',
  'jsonStrings',
  'nestTables',
  'rowsAsArray',
  'supportBigNumbers',
  'timezone',
  'typeCast',
]

/** What mysql2 takes: it ignores other options. For newer ones, users pass a pool. */
const driverOptions: Readonly<Record<Exclude<keyof PoolOptions, FixedDriverOption>, true>> = {
  Promise: true,
  authPlugins: true,
  authSwitchHandler: true,
  charset: true,
  charsetNumber: true,
  compress: true,
  connectAttributes: true,
  connectTimeout: true,
  connectionLimit: true,
  database: true,
  debug: true,
  disableEval: true,
  enableCleartextPlugin: true,
  enableKeepAlive: true,
  flags: true,
  gracefulEnd: true,
  host: true,
  idleTimeout: true,
  infileStreamFactory: true,
  insecureAuth: true,
  isServer: true,
  keepAliveInitialDelay: true,
  localAddress: true,
  maxIdle: true,
  maxPreparedStatements: true,
  multipleStatements: true,
  namedPlaceholders: true,
  password: true,
  password1: true,
  password2: true,
  password3: true,
  passwordSha1: true,
  pool: true,
  port: true,
  queryFormat: true,
  queueLimit: true,
  resetOnRelease: true,
  socketPath: true,
  ssl: true,
  stream: true,
  stringifyObjects: true,
  trace: true,
  uri: true,
  user: true,
  waitForConnections: true,
}

/** What `createDatabase` takes besides, to suggest where a name was misspelled. */
const ownOptions = ['bigint', 'tinyint1', 'zeroDates', 'log', 'plugins', 'prepare', 'lookupConnections']

/** Parts of the protocol that decide how replies are read; writes count the rows that they have found. */
const NEEDED_FLAGS = ['CONNECT_WITH_DB', 'FOUND_ROWS', 'MULTI_RESULTS', 'PROTOCOL_41', 'TRANSACTIONS']

/** @throws ConfigurationError for an option, also in the URL, with which replies would be misread. */
export function checkDriverOptions(options: PoolOptions & { readonly uri?: string | undefined }): void {
  refuseDecided(options, 'the option')
  refuseUnknownOptions(options, {
    of: 'createDatabase',
    known: [...Object.keys(driverOptions), ...ownOptions],
    elsewhere: { timeout: 'connectTimeout, or createRepositories({ timeout })' },
  })
  if (!('uri' in options)) return
  checkUri(options.uri)
  refuseDecided(Object.fromEntries(new URL(options.uri!).searchParams), "the URL's parameter")
}

function refuseDecided(given: object, what: string): void {
  for (const name of decidedHere) {
    if (name in given) {
      throw new ConfigurationError({
        kind: 'option',
        problem: `createDatabase: ${what} ${name} decides how values are read and cannot be set`,
        fix: 'Use bigint, tinyint1 or zeroDates.',
      })
    }
  }
  const { charset, flags } = given as { readonly charset?: unknown; readonly flags?: unknown }
  if (charset !== undefined && !/^utf8mb4/i.test(String(charset))) {
    throw new ConfigurationError({
      kind: 'option',
      problem: `createDatabase: ${what} charset is not utf8mb4, and keys and texts may hold any character`,
      fix: 'Leave it out.',
    })
  }
  const removed = String(flags ?? '')
    .toUpperCase()
    .split(/[\s,]+/)
  const needed = NEEDED_FLAGS.find((name) => removed.includes(`-${name}`))
  if (needed) {
    throw new ConfigurationError({
      kind: 'option',
      problem: `createDatabase: ${what} flags takes away ${needed}, by which replies are read`,
      fix: 'Leave it out.',
    })
  }
}

/** The URL's text is never repeated: it may hold a password. */
function checkUri(uri: unknown): void {
  if (typeof uri !== 'string' || uri === '') {
    throw new ConfigurationError({
      kind: 'option',
      problem: `createDatabase: uri is ${uri === '' ? 'empty' : String(uri)}`,
      fix: 'Set DATABASE_URL, for instance mysql://user:password@host:3306/database.',
    })
  }
  if (!URL.canParse(uri) || !['mysql:', 'mariadb:'].includes(new URL(uri).protocol)) {
    throw new ConfigurationError({
      kind: 'option',
      problem: 'createDatabase: uri is not a mysql:// or mariadb:// URL',
      fix: 'Percent-encode characters such as @ / # : in a password.',
    })
  }
}

/** @throws ConfigurationError if a pool's own settings make values differ from their types. */
export function checkPool(pool: Pool, settings: object): void {
  refusePromisePool(pool)
  const actual = connectionConfig(pool)
  const shapes = { typeCast: true, rowsAsArray: false, nestTables: false }
  for (const [name, wanted] of Object.entries({ ...settings, ...shapes, timezone: 'Z' })) {
    if (actual && (actual[name] ?? false) !== wanted) {
      throw new ConfigurationError({
        kind: 'pool',
        problem: `createDatabase: the pool has ${name}: ${shown(actual[name])}, and ${JSON.stringify(wanted)} is needed for values to be read as their types say`,
        fix: "Create the pool with it, or give createDatabase the pool's options.",
      })
    }
  }
  if (actual && (Number(actual.clientFlags) & FOUND_ROWS) === 0) {
    throw new ConfigurationError({
      kind: 'pool',
      problem:
        'createDatabase: the pool has the flag -FOUND_ROWS, and writes count the rows that they have found',
      fix: 'Create the pool without it.',
    })
  }
}

const FOUND_ROWS = 2

function shown(setting: unknown): string {
  return typeof setting === 'function' ? 'a function' : JSON.stringify(setting)
}

/** The current configuration of a pool's connections; undefined if the pool does not show it. */
export function connectionConfig(pool: object): Record<string, unknown> | undefined {
  return (pool as { config?: { connectionConfig?: Record<string, unknown> } }).config?.connectionConfig
}

/** A `mysql2/promise` pool ignores the callback that Kysely passes, so that every query would wait for ever. */
export function refusePromisePool(pool: object): void {
  const { getConnection, pool: inner } = pool as {
    getConnection?: unknown
    pool?: { getConnection?: unknown }
  }
  if (typeof inner?.getConnection === 'function' && !('promise' in pool)) {
    throw new ConfigurationError({
      kind: 'pool',
      problem: "The pool is one of 'mysql2/promise', on which Kysely waits for ever",
      fix: "Pass its callback pool (`pool.pool`), import createPool from 'mysql2', or give createDatabase the pool's options.",
    })
  }
  if (typeof getConnection !== 'function') {
    throw new ConfigurationError({
      kind: 'pool',
      problem: 'The pool is not a mysql2 pool: it has no getConnection',
      fix: "Import createPool from 'mysql2'.",
    })
  }
}
