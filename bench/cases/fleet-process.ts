/** Processes of a fleet, many in one: each set of repositories has a database and a poll of its own. */
import { subscribe } from 'node:diagnostics_channel'
import { binlogDoorbell } from '../../src/binlog/index.ts'
import {
  createDatabase,
  createRepositories,
  type Doorbell,
  type GenerationMessage,
  type TablesMetadata,
} from '../../src/index.ts'
import { redisDoorbell } from '../../src/redis/index.ts'

export interface FleetTask {
  readonly url: string
  readonly pollers: number
  readonly tables: TablesMetadata
  /** Milliseconds. */
  readonly pollInterval: number
  readonly doorbell: 'none' | 'redis' | 'binlog'
  readonly redis: string
}

/** That a poller has seen a version: when, by the clock that all processes of the machine share, in milliseconds. */
export interface Seen {
  readonly version: number
  readonly at: number
}

const task = JSON.parse(process.argv[2]!) as FleetTask
const seen: Seen[] = []
subscribe('kysely-lookup:generation', (message) => {
  const { version } = message as GenerationMessage
  if (version !== undefined) seen.push({ version, at: Number(process.hrtime.bigint()) / 1e6 })
})

let listening = 0
const allListen = Promise.withResolvers<void>()
subscribe('kysely-lookup:doorbell', (message) => {
  const { state, error } = message as { state: string; error?: Error }
  if (state !== 'listening') console.error(error)
  else if (++listening === task.pollers) allListen.resolve()
})
if (task.doorbell === 'none') allListen.resolve()
const doorbells: Record<FleetTask['doorbell'], () => Doorbell | undefined> = {
  none: () => undefined,
  redis: () => redisDoorbell({ url: task.redis }),
  binlog: () => binlogDoorbell({ uri: task.url }),
}

const cache = Object.fromEntries(Object.keys(task.tables).map((name) => [name, 'versioned' as const]))
const databases = Array.from({ length: task.pollers }, () =>
  createDatabase<Record<string, Record<string, unknown>>>({ uri: task.url, lookupConnections: 1 }),
)
const fleet = databases.map((db) => {
  const doorbell = doorbells[task.doorbell]()
  return createRepositories({
    db,
    tables: task.tables,
    cache: cache as never,
    // Many verify at the same time.
    timeout: 120_000,
    versions: { pollInterval: task.pollInterval, pollTimeout: 30_000, ...(doorbell && { doorbell }) },
  })
})
for (const repos of fleet) await repos.$ready()
await allListen.promise
process.send?.('ready')

process.on('message', async (message) => {
  if (message === 'seen') process.send?.(seen.splice(0))
  if (message !== 'close') return
  await Promise.all(fleet.map((repos) => repos.$close()))
  await Promise.all(databases.map((db) => db.destroy()))
  process.disconnect()
})
