/** What polls of the versions cost the server: one statement per database and interval, and the counters of DDL once a second. */
import { type Kysely, sql } from 'kysely'
import { createProcessCache, type FollowedCache } from '../../src/cache/process-cache.ts'
import { createExecute } from '../../src/database/execute.ts'
import { statement } from '../../src/database/statement.ts'
import { createCacheEvents } from '../../src/diagnostics/cache-events.ts'
import { createCounters } from '../../src/diagnostics/stats.ts'
import { createDatabase, type TableMetadata } from '../../src/index.ts'
import { tableKeys } from '../../src/keys/key.ts'
import { createVersionTable, trackVersion } from '../../src/migration/index.ts'
import { createTestDatabase } from '../../src/testing/test-database.ts'
import { readGuard } from '../../src/verification/version-check.ts'
import { FINGERPRINT, STATUS, systemOf } from '../../src/versions/poll-sql.ts'
import { versionFeedOf } from '../../src/versions/version-feed.ts'
import { createVersionWatch, VERSION_DEFAULTS, type VersionWatch } from '../../src/versions/version-watch.ts'
import { type BenchContext, onEachServer } from '../context.ts'
import { type Figure, inProcessFigures } from '../figure.ts'
import { compareInterleaved } from '../interleaved.ts'
import type { BenchServer } from '../servers.ts'

export const poll = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

const SELECT = statement('select 1')
/** Polls come when they are asked for. */
const NEVER = 2 ** 31 - 1
const SETS = 100
const PER_SECOND = 4

interface Measured {
  readonly tables: number
  /** How many more the database has. */
  readonly others: number
}

async function measureOn(server: BenchServer, quick: boolean): Promise<Figure[]> {
  // Where no other table is tracked: a poll adds up the version rows of all.
  await using database = await createTestDatabase({ server: server.url })
  const db = createDatabase<Record<string, Record<string, unknown>>>({
    uri: database.url,
    lookupConnections: 1,
  })
  await createVersionTable(db)
  const figures: Figure[] = []
  const tables: string[] = []
  let others = 0
  const measured: Measured[] = [
    { tables: 1, others: 0 },
    { tables: 20, others: 0 },
    { tables: 20, others: quick ? 100 : 1_980 },
  ]
  for (const wanted of measured) {
    for (let index = tables.length; index < wanted.tables; index++) {
      const name = `polled_${index}`
      await createTable(db, name)
      await trackVersion(db, name)
      tables.push(name)
    }
    for (; others < wanted.others; others++) await createTable(db, `other_${others}`)
    const comparison = { rounds: quick ? 50 : 200, warmup: 20 }
    const cost = await measurePolls(db as never, { tables, server: server.name, ...comparison })
    const what = `${wanted.tables} tables${wanted.others > 0 ? `, and ${wanted.others} others in the database` : ''}`
    figures.push(
      ...inProcessFigures({ case: 'poll', server: server.name, what, unit: 'µs' }, cost.one),
      ...inProcessFigures(
        { case: 'poll', server: server.name, what: `${what}, the statement`, unit: 'µs' },
        cost.alone,
      ),
      ...inProcessFigures(
        { case: 'poll', server: server.name, what: `${what}, ${SETS} sets`, unit: 'µs' },
        cost.many,
      ),
      ...inProcessFigures(
        { case: 'poll', server: server.name, what: `${what}, a second of ${PER_SECOND} polls`, unit: 'µs' },
        cost.second,
      ),
    )
  }
  await db.destroy()
  return figures
}

interface PollOptions {
  readonly tables: readonly string[]
  /** Its name. */
  readonly server: string
  readonly rounds: number
  readonly warmup: number
}

async function measurePolls(db: Kysely<unknown>, { tables, server, ...options }: PollOptions) {
  const sets = Array.from({ length: SETS }, () =>
    createVersionWatch({
      ...{ db, readGuard, tables: new Map(tables.map((name) => [name, cacheOf(name)])) },
      settings: { ...VERSION_DEFAULTS, pollInterval: NEVER },
    }),
  )
  const [first, ...others] = sets as [VersionWatch, ...VersionWatch[]]
  await first.start()
  const execute = createExecute(db, { what: 'bench', timeout: 60_000 })
  const feed = versionFeedOf(db, readGuard)
  const [status] = STATUS[systemOf(server)]
  const select = () => execute(SELECT, [])
  const selects = async () => {
    for (let count = 0; count < PER_SECOND; count++) await select()
  }
  const polls = async () => {
    for (let count = 0; count < PER_SECOND; count++) await feed.poll()
    await execute(status, [])
  }
  const one = await compareInterleaved(
    { 'select 1': select, poll: () => feed.poll(), 'look that a doorbell asks for': () => first.look() },
    options,
  )
  const alone = await compareInterleaved(
    { 'select 1': select, 'the statement of a poll alone': () => execute(FINGERPRINT, []) },
    options,
  )
  const second = await compareInterleaved(
    { 'select 1': selects, 'polls, and the counters once': polls },
    options,
  )
  await Promise.all(others.map((watch) => watch.start()))
  const many = await compareInterleaved(
    { 'select 1': select, [`poll for ${SETS} sets of repositories`]: () => feed.poll() },
    options,
  )
  await Promise.all(sets.map((watch) => watch.stop()))
  return { one, alone, second, many }
}

const TABLE: Omit<TableMetadata, 'name'> = {
  columns: [{ name: 'id', type: 'int' }],
  primaryKey: ['id'],
  uniqueKeys: [],
  indexes: [],
}

/** Of a table that nobody reads. */
function cacheOf(name: string): FollowedCache {
  return createProcessCache({
    mode: 'versioned',
    keys: tableKeys({ ...TABLE, name }),
    maxRows: 1,
    counters: createCounters(),
    events: createCacheEvents(name),
  })
}

async function createTable(db: Kysely<Record<string, Record<string, unknown>>>, name: string): Promise<void> {
  await sql`create table ${sql.ref(name)} (id int not null primary key)`.execute(db)
}
