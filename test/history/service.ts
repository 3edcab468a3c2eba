/**
 * One process of a run: it reads through repositories, and writes in its own ways, until its time is over. Its argument
 * is a `ServiceOptions` as JSON.
 */
import { once } from 'node:events'
import { renameSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Kysely } from 'kysely'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { type CacheMode, createDatabase, createRepositories } from '../../src/index.ts'
import { type AnyRepositories, metadataOf } from '../support/lookups.ts'
import { createRandom } from '../support/random.ts'
import { type Change, type Channel, kyselyChannel, repositoryChannel, shellChannel } from './channels.ts'
import { startDelayingProxy } from './delaying-proxy.ts'
import { createReadLog, type ProcessHistory, type WriteEvent } from './events.ts'
import { logPolls } from './poll-log.ts'
import { type ReaderOptions, readInRequests, readOutside } from './readers.ts'
import { watchStalls } from './stops.ts'
import { type Claims, openStore, type StorePlace } from './stores.ts'
import { type ItemDB, keysOf } from './table.ts'
import { type Told, takeovers } from './takeover.ts'
import { write } from './writers.ts'

export interface ServiceOptions {
  /** Of the database. */
  readonly url: string
  readonly process: number
  readonly seed: number
  readonly seconds: number
  readonly cache: { readonly item?: CacheMode }
  /** Milliseconds. */
  readonly pollInterval: number
  readonly pollTimeout: number
  readonly readers: boolean
  /** Whether it is stopped now and then. */
  readonly stops: boolean
  readonly store: StorePlace | undefined
  readonly writers: readonly { readonly writer: number; readonly way: 'repositories' | 'kysely' | 'shell' }[]
  readonly allWriters: number
  readonly keysPerWriter: number
  /** Milliseconds that readers rest at most. */
  readonly rest: number
  /** Milliseconds for which what passes between it and the server is late at most. */
  readonly longestDelay: number
  /** Microseconds from one rest of all writers to the next. */
  readonly tide: number
  /** Whether it may be killed at any time: what it has seen is written down again and again. */
  readonly isMortal?: boolean
  readonly reads: string
  readonly history: string
}

/** ER_OPTION_PREVENTS_STATEMENT */
const ER_READ_ONLY = 1290

const MORTAL_INTERVAL = 100

const options = JSON.parse(process.argv[2]!) as ServiceOptions
const random = createRandom(options.seed)
const polls = logPolls()
const stalls = options.stops ? watchStalls() : []
const writes: WriteEvent[] = []
const complaints: string[] = []
const failures: Record<string, number> = {}
const claims: Claims = { made: 0, refused: 0 }
let requests = 0
let stopped = false

const proxy = await startDelayingProxy(options.url, {
  random: createRandom(options.seed + 1),
  longestDelay: options.longestDelay,
})
const db = createDatabase<ItemDB>({ uri: proxy.url, connectionLimit: 8 })
const tables = await lasting(() => metadataOf(db))
const store = options.store && openStore(options.store, claims)
await store?.ready()
const repos = createRepositories({
  db,
  tables,
  cache: options.cache,
  ...(store && { store }),
  versions: { pollInterval: options.pollInterval, pollTimeout: options.pollTimeout },
}) as unknown as AnyRepositories

const log = createReadLog(options.reads)
const complain = (what: string) => {
  if (complaints.length < 100) complaints.push(what)
}
const loops = [readOutside, readInRequests, readInRequests]
const readers = options.readers ? [...loops, ...loops, ...loops] : []
const channels = options.writers.map(({ way }) => channelOf(way))
await lasting(() => repos.$ready())

// Connections are not killed before everybody is ready. Without its parent a process ends.
process.send?.('ready')
await once(process, 'message')
process.once('disconnect', () => process.exit(1))
const disturbed = takeovers()
process.on('message', (message: Told) => {
  disturbed.told(message)
  if (message === 'stop') stopped = true
})

setTimeout(() => {
  stopped = true
}, options.seconds * 1000).unref()
if (options.isMortal) setInterval(writeHistory, MORTAL_INTERVAL).unref()

await Promise.all([
  ...readers.map((read, index) => read(readerOptions(index))),
  ...options.writers.map(({ writer }, index) =>
    write({
      channel: channels[index]!,
      random: createRandom(options.seed + 200 + index),
      keys: keysOf(writer, options.keysPerWriter),
      writer,
      process: options.process,
      writes,
      tide: options.tide,
      stopped: () => stopped,
      complain,
      outcome,
      takeover: disturbed.last,
      valuesOf,
    }),
  ),
])

writeHistory()
log.close()
process.removeAllListeners('disconnect')
process.disconnect()
await repos.$close()
await store?.close()
for (const channel of channels) await channel.close()
await db.destroy()
await proxy[Symbol.asyncDispose]()

/** What reads are judged by is there before them. */
function writeHistory(): void {
  const { generations, storeHits, storeWrites } = repos.$stats().item!
  const history: ProcessHistory = {
    process: options.process,
    polls,
    stalls,
    writes,
    complaints,
    failures,
    generations,
    storeHits,
    storeWrites,
    claims,
  }
  writeFileSync(`${options.history}-draft`, JSON.stringify(history))
  renameSync(`${options.history}-draft`, options.history)
  log.flush()
}

/** Again where its connection was killed: others began before. */
async function lasting<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let left = 20; ; left--) {
    try {
      return await work()
    } catch (error) {
      if (left === 0) throw error
      await pause(20)
    }
  }
}

function readerOptions(index: number): ReaderOptions {
  return {
    repos,
    log,
    random: createRandom(options.seed + 100 + index),
    keys: keysOf(0, options.keysPerWriter * options.allWriters),
    rest: options.rest,
    nextRequest: () => ++requests,
    stopped: () => stopped,
    complain,
    isHerd: options.store !== undefined,
    isBounded: typeof options.cache.item === 'object' && options.cache.item.maxRows !== undefined,
    failed(error) {
      const { code = '', message } = error as Error & { readonly code?: string }
      const what = `${code} ${message}`.trim().slice(0, 80)
      failures[what] = (failures[what] ?? 0) + 1
    },
  }
}

function channelOf(way: ServiceOptions['writers'][number]['way']): Channel {
  if (way === 'repositories') return repositoryChannel({ repos, db: db as Kysely<ItemDB>, random, complain })
  return way === 'kysely' ? kyselyChannel(db as Kysely<ItemDB>) : shellChannel(proxy.url)
}

/** Whether changes whose COMMIT was not answered are there, once no killed connection is at work any more. */
async function outcome(changes: readonly Change[]): Promise<boolean> {
  const values = await valuesOf(changes.map(({ key }) => key))
  return changes.every(({ key, value }) => values.get(key) === value)
}

async function valuesOf(keys: readonly number[]): Promise<ReadonlyMap<number, number>> {
  // While no server takes over there is none to ask.
  const end = performance.now() + 120_000
  for (;;) {
    try {
      return await readValues(keys)
    } catch (error) {
      if (!disturbed.last() || performance.now() > end) throw error
      await pause(100)
    }
  }
}

async function readValues(keys: readonly number[]): Promise<ReadonlyMap<number, number>> {
  const url = new URL(options.url)
  const database = url.pathname.slice(1)
  // Without a database of its own: connections of this one are killed.
  url.pathname = '/'
  const connection = await createConnection({ uri: url.href, connectTimeout: 3_000 })
  connection.on('error', () => {})
  try {
    for (;;) {
      const [rows] = await connection.query<RowDataPacket[]>('show full processlist')
      if (!rows.some((row) => row.db === database && row.Command === 'Killed')) break
      await pause(2)
    }
    // A node of Galera that has not applied everything would answer too early.
    await connection.query('set session wsrep_sync_wait = 15').catch(() => {})
    await connection.query('start transaction')
    const read = (lock: string) =>
      connection.query<RowDataPacket[]>(
        `select id, value from \`${database}\`.item where id in (${keys.join(', ')}) ${lock}`,
      )
    const [rows] = await read('for update').catch((error: { errno?: number }) => {
      // On a server that is read-only nobody has begun anything.
      if (error.errno === ER_READ_ONLY) return read('')
      throw error
    })
    await connection.query('rollback')
    const found = new Map(rows.map(({ id, value }) => [Number(id), Number(value)]))
    return new Map(keys.map((key) => [key, found.get(key) ?? 0]))
  } finally {
    connection.destroy()
  }
}
