import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import type { Kysely } from 'kysely'
import { createPool, type Pool } from 'mysql2'
import { driverDecodingSettings } from '../../../src/columns/decoding-options.ts'
import { adapterOf } from '../../../src/database/lookup-adapter.ts'
import { LookupConnections } from '../../../src/database/lookup-connections.ts'
import {
  createDatabase,
  createRepositories,
  LookupError,
  type RepositoriesOptions,
  type TablesMetadata,
} from '../../../src/index.ts'
import { createVersionTable, trackVersion } from '../../../src/migration/index.ts'
import { closedAfterFile } from '../closing.ts'
import { type AnyDB, type AnyRepositories, metadataOf } from '../lookups.ts'
import type { RestartableServer } from './restartable-server.ts'

/** In every key that is asked while the server is away. */
export const SECRET = 'secret-4711'

/** What a read may take (ms) where the test waits for that, how much later it may settle, and where it is not to matter. */
export const TIMEOUT = 2_000
export const SLACK = 1_500
export const PATIENT = 60_000

const DATABASE = 'outage'

/** Makes the database, and the user that an application has; then what `make` makes. */
export async function withDatabase(
  server: RestartableServer,
  make: (db: Kysely<AnyDB>) => Promise<void>,
): Promise<void> {
  await server.run(
    `create database ${DATABASE} character set utf8mb4`,
    "create user app@'127.0.0.1' identified by 'app'",
    `grant all on ${DATABASE}.* to app@'127.0.0.1'`,
  )
  const db = createDatabase<AnyDB>({ uri: urlOf(server, 'root') })
  await make(db).finally(() => db.destroy())
}

export async function metadataOfServer(server: RestartableServer): Promise<TablesMetadata> {
  const db = createDatabase<AnyDB>({ uri: urlOf(server, 'root') })
  return metadataOf(db).finally(() => db.destroy())
}

/** Tables of each kind: `city` for immutable, `country` for versioned, `product` for what is read per request. */
export async function makeTables(server: RestartableServer): Promise<TablesMetadata> {
  const text = 'character set ascii collate ascii_bin not null'
  const columns = `code varchar(40) ${text} primary key, label varchar(40) ${text}, key label (label)`
  await withDatabase(server, async (db) => {
    for (const table of ['city', 'country', 'product']) {
      await server.run(
        `create table ${DATABASE}.${table} (${columns})`,
        `insert into ${DATABASE}.${table} values ('one', 'first'), ('two', 'second'), ('${SECRET}', '${SECRET}')`,
      )
    }
    await createVersionTable(db)
    await trackVersion(db, 'country')
  })
  return metadataOfServer(server)
}

/** Of the database: with all rights, or with those of an application. */
export function urlOf(server: RestartableServer, user: 'root' | 'app'): string {
  const url = new URL(server.url)
  if (user === 'app') Object.assign(url, { username: 'app', password: 'app' })
  url.pathname = `/${DATABASE}`
  return url.href
}

export interface Application extends AsyncDisposable {
  readonly server: RestartableServer
  readonly db: Kysely<AnyDB>
  readonly repos: AnyRepositories
  /** How many connections there are, of the pool and of lookups, how many nobody holds, and how many are the pool's. */
  connections(): { readonly all: number; readonly free: number; readonly pooled: number }
}

export interface ApplicationOptions extends Partial<RepositoriesOptions<AnyDB, TablesMetadata>> {
  readonly prepare?: boolean
  readonly connectionLimit?: number
  readonly lookupConnections?: number
}

/** Repositories over a pool that can be looked into. */
export function startApplication(
  server: RestartableServer,
  options: ApplicationOptions & { readonly tables: TablesMetadata },
): Application {
  const { prepare, connectionLimit = 4, lookupConnections = 2, ...more } = options
  const decoding = { bigint: 'number', tinyint1: 'number', zeroDates: 'error' } as const
  const pool = createPool({
    uri: urlOf(server, 'app'),
    charset: 'utf8mb4',
    timezone: 'Z',
    connectionLimit,
    ...driverDecodingSettings(decoding),
  }) as Pool & Record<'_allConnections' | '_freeConnections', { readonly length: number }>
  const db = createDatabase<AnyDB>({ pool, lookupConnections, ...(prepare !== undefined && { prepare }) })
  const repos = createRepositories({
    db,
    cache: { city: 'immutable', country: 'versioned' },
    timeout: TIMEOUT,
    versions: { pollInterval: 2 ** 31 - 1 },
    ...more,
  }) as unknown as AnyRepositories
  return closedAfterFile({
    server,
    db,
    repos,
    connections() {
      const { lookups } = adapterOf(db as unknown as Kysely<unknown>)!
      const { open, free } = lookups instanceof LookupConnections ? lookups.counts() : { open: 0, free: 0 }
      return {
        all: pool._allConnections.length + open,
        free: pool._freeConnections.length + free,
        pooled: pool._allConnections.length,
      }
    },
    async [Symbol.asyncDispose]() {
      await repos.$close()
      await db.destroy()
    },
  })
}

/** Waits for what nobody announces; a test's own time-out ends it. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** That an error says what happened, and none of what was asked. */
export function assertClear(error: unknown, code: string): true {
  assert.ok(error instanceof LookupError, `expected a LookupError, got ${inspect(error)}`)
  assert.equal(error.code, code, inspect(error))
  assert.match(error.message, /^(city|country|product|database|versions): /)
  assertSecretless(error)
  return true
}

export function assertSecretless(error: unknown): void {
  const { message, stack, sql } = error as Error & { sql?: unknown }
  const deep = inspect(error, { depth: 20, showHidden: true })
  for (const text of [message, stack, String(sql), JSON.stringify(error), deep]) {
    assert.doesNotMatch(String(text), new RegExp(SECRET))
  }
}

/**
 * Whether a promise settles before a timer of so many milliseconds runs. Time-outs are timers of the same process, so that
 * their order stays the same on a machine that stands still for a while.
 */
export async function settlesWithin(limit: number, promise: Promise<unknown>): Promise<boolean> {
  let late = false
  const timer = setTimeout(() => {
    late = true
  }, limit)
  await promise.catch(() => {})
  clearTimeout(timer)
  return !late
}

/** What is cached afterwards: `one` of `city` and `country`, and that `country` has no `none`. */
export async function warm({ repos }: Application): Promise<void> {
  assert.equal((await repos.city!.findByKey('one'))?.label, 'first')
  assert.equal((await repos.country!.findByKey('one'))?.label, 'first')
  assert.equal(await repos.country!.findByKey('none'), undefined)
  assert.equal((await repos.product!.findByKey('one'))?.label, 'first')
}

export async function assertCachedIsServed({ repos }: Application): Promise<void> {
  const read = async () => {
    assert.equal((await repos.city!.findByKey('one'))?.label, 'first')
    assert.equal((await repos.country!.findByKey('one'))?.label, 'first')
    assert.equal((await repos.country!.findByKey({ code: 'one' }))?.label, 'first')
  }
  await read()
  await repos.$request(read)
  assert.equal(repos.city!.peek('one')?.label, 'first')
  assert.equal(repos.country!.peek('one')?.label, 'first')
  await repos.$request(async () => assert.equal(await repos.country!.findByKey('none'), undefined))
}

export const readers = ({ repos }: Application) => [
  () => repos.product!.findByKey(SECRET),
  () => repos.city!.findByKey(SECRET),
  () => repos.country!.findByKey(SECRET),
  () => repos.product!.findByKeys(['one', SECRET]),
  () => repos.product!.findAllBy({ label: SECRET }),
  () => repos.$forRequest().product!.findByKey(SECRET),
]

export async function assertOthersReject(application: Application, code: string): Promise<void> {
  await Promise.all(
    readers(application).map(async (read) => {
      const answer = read()
      const inTime = settlesWithin(TIMEOUT + SLACK, answer)
      await assert.rejects(answer, (error) => assertClear(error, code))
      assert.ok(code !== 'KYSELY_LOOKUP_TIMEOUT' || (await inTime), 'settled in time')
    }),
  )
}

export async function assertFirstReadWorks(application: Application): Promise<void> {
  for (const answer of await Promise.all(readers(application).map((read) => read()))) {
    assert.ok(JSON.stringify(answer).includes(SECRET))
  }
}

/** Every connection that is held, by the server too, belongs to the pool. */
export async function assertNothingLeaks({ server, connections }: Application): Promise<void> {
  await until(() => connections().all === connections().free)
  await until(async () => (await processes(server)).length === connections().all)
}

/** Connections of the application, or those of them whose statement holds a text. */
export async function processes(server: RestartableServer, text = ''): Promise<number[]> {
  const rows = await server.run(
    `select id from information_schema.processlist where user = 'app' and coalesce(info, '') like '%${text}%'`,
  )
  return rows.map((row) => Number(row.id ?? row.ID))
}

export async function killConnections(server: RestartableServer, text?: string): Promise<void> {
  for (const id of await processes(server, text)) await server.run(`kill ${id}`).catch(() => {})
}

/** Takes so many connections, which are all of the pool, as a program does; answers how they are given back. */
export async function holdPool(
  { db, connections }: Application,
  many: number,
): Promise<() => Promise<unknown>> {
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  let taken = 0
  const holders = Array.from({ length: many }, () =>
    db.connection().execute(() => {
      taken++
      return held
    }),
  )
  await until(() => taken === many && connections().pooled === many)
  return () => {
    release()
    return Promise.all(holders)
  }
}
