import { existsSync } from 'node:fs'
import { relative } from 'node:path'
import { type Kysely, sql } from 'kysely'
import { createDatabase } from '../database/create-database.ts'
import { CommandError, UsageError } from './command.ts'
import { describeFailure, type FailureSource } from './failure.ts'
import { findKyselyConfig, kyselyFromConfig } from './kysely-config.ts'
import { isPercentEncoded, secretsOf } from './secrets.ts'

export interface ConnectionOptions {
  readonly url?: string | undefined
  readonly config?: string | undefined
  readonly environment?: string | undefined
  /** How long (ms) a module of the user may take to load. */
  readonly timeout: number
}

/** A database to read from, and how messages may describe it. */
export interface Connection extends FailureSource {
  readonly db: Kysely<unknown>
}

export const CONNECTION_FLAGS = {
  url: { type: 'string' },
  config: { type: 'string' },
  environment: { type: 'string', short: 'e' },
  timeout: { type: 'string' },
} as const

export const CONNECTION_HELP = `The connection is the first of these that there is:
  --url URL            mysql://user:password@host:port/database, each part percent-encoded,
                       or env(NAME) for the URL in the environment variable NAME
  --config FILE        a kysely.config file (as for kysely-ctl)
  kysely.config.ts     the nearest one, in this folder or above, also in .config/
  DATABASE_URL         the environment variable

  -e, --environment NAME   which environment of the kysely.config file
  --timeout SECONDS        how long a kysely.config file or another module of yours may take to load (default: 30)`

/** @throws UsageError unless it is a positive number of seconds. */
export function timeoutOf(seconds = '30'): number {
  if (/^\d{1,6}(\.\d+)?$/.test(seconds) && Number(seconds) > 0) return Number(seconds) * 1000
  throw new UsageError(`--timeout is a positive number of seconds, not ${seconds}`)
}

/** Longer than a connect timeout, whose message is clearer. */
const FIRST_ANSWER_MS = 15_000

/** Whether a database is named anywhere. */
export function hasConnection({ url, config }: Pick<ConnectionOptions, 'url' | 'config'>): boolean {
  const given = url ?? config ?? findKyselyConfig(process.cwd()) ?? process.env.DATABASE_URL
  return given !== undefined && given !== ''
}

/** Finds the database to read. Nothing is sent to it yet. */
export async function findConnection(options: ConnectionOptions): Promise<Connection> {
  const { url, config } = options
  if (url !== undefined) return urlConnection(...urlFromFlag(url))
  const file = config ?? findKyselyConfig(process.cwd())
  if (file !== undefined) {
    const origin = relative(process.cwd(), file)
    const db = await loadedFrom(file, origin, options)
    return { db, origin, secrets: [] }
  }
  if (process.env.DATABASE_URL) return urlConnection(process.env.DATABASE_URL, 'DATABASE_URL')
  throw new CommandError(
    'no database given. Use --url mysql://user:password@host:3306/database, a kysely.config.ts, or set DATABASE_URL.',
  )
}

/**
 * Fails if the database never answers: with a `mysql2/promise` pool in a config, Kysely waits forever
 * (kysely-org/kysely-ctl#199).
 */
export async function expectAnswer({ db, origin }: Connection): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    reject(
      new CommandError(
        `no answer from the database of ${origin} within ${FIRST_ANSWER_MS / 1000} s. If its pool comes from 'mysql2/promise', import createPool from 'mysql2' instead.`,
      ),
    )
  }, FIRST_ANSWER_MS)
  try {
    await Promise.race([sql`select 1`.execute(db), promise])
  } finally {
    clearTimeout(timer)
  }
}

async function loadedFrom(
  file: string,
  origin: string,
  { environment, timeout }: ConnectionOptions,
): Promise<Kysely<unknown>> {
  if (!existsSync(file)) throw new CommandError(`there is no ${origin}.`)
  try {
    return await kyselyFromConfig({ file, environment, timeout })
  } catch (error) {
    const source = { origin, secrets: [] }
    throw new CommandError(`${origin} cannot be used: ${describeFailure(error, source)}`, { cause: error })
  }
}

function urlFromFlag(flag: string): [url: string, origin: string] {
  const variable = /^env\((.+)\)$/.exec(flag)?.[1]
  if (variable === undefined) return [flag, '--url']
  const url = process.env[variable]
  if (!url) throw new CommandError(`--url env(${variable}): the environment variable ${variable} is not set.`)
  return [url, variable]
}

function urlConnection(text: string, origin: string): Connection {
  const shape = 'mysql://user:password@host:3306/database'
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^(mysql|mariadb):$/.test(url.protocol) || !url.hostname) {
    throw new CommandError(
      `${origin} is not a URL of the form ${shape}. Percent-encode characters such as @ / # : in a password.`,
    )
  }
  if (!/^\/[^/]+$/.test(url.pathname)) {
    throw new CommandError(`${origin} names no database. It has the form ${shape}.`)
  }
  if (![url.username, url.password, url.pathname].every(isPercentEncoded)) {
    throw new CommandError(`${origin} holds a % that is not part of a percent-encoding. Write it as %25.`)
  }
  return {
    db: createDatabase<unknown>({ uri: text, connectionLimit: 1 }),
    origin,
    address: `${url.hostname}:${url.port || '3306'}`,
    secrets: secretsOf(text),
  }
}
