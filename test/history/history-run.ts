import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { createRandom, type Random } from '../support/random.ts'
import { createTestDatabase, runStatements, type TestDatabase } from '../support/server.ts'
import { boundOf } from './bound.ts'
import { checkHistory, type Verdict } from './checker.ts'
import { type ProcessHistory, readsOf } from './events.ts'
import type { Fault } from './faults.ts'
import { startMortalReaders } from './mortal-readers.ts'
import type { ServiceOptions } from './service.ts'
import { changeSlots, type Slots, trackTable } from './slots.ts'
import { stopProcesses } from './stops.ts'
import {
  type Claims,
  endsProcesses,
  type HistoryStore,
  type SharedStore,
  type StoreFault,
  startStore,
  usualFaults,
} from './stores.ts'
import { codeOf, groupOf, ITEM, initialValue, keysOf } from './table.ts'
import type { Told } from './takeover.ts'

export interface HistoryRunOptions {
  readonly seconds: number
  readonly seed: number
  /** How the table is cached (default `versioned`). */
  readonly mode?: HistoryMode
  /** The store by which processes share rows (default none). */
  readonly store?: HistoryStore
  /** What happens to it (default all that leaves processes alive). */
  readonly faults?: readonly StoreFault[]
  /** How many version rows the table has (default 16); with several numbers it changes all the time. */
  readonly slots?: readonly Slots[] | undefined
  /** A part of the library is replaced by a wrong one in every process. */
  readonly fault?: Fault
  /** Processes that read and write through repositories (default 3); one more only writes, past them. */
  readonly services?: number
  /** Milliseconds that no process waits longer for its next poll (default 50). */
  readonly longestInterval?: number
  /** Processes are stopped (SIGSTOP) now and then; polls then have half a second. */
  readonly stops?: boolean
  /** Milliseconds that readers rest at most (default 5). */
  readonly rest?: number
  /** Milliseconds for which statements and answers are late at most (default 40). */
  readonly longestDelay?: number
  /** Its URL; by default that of the server under test. */
  readonly server?: string
  /** Disturbs the server, and tells the processes of it, for as long as it takes; no connection is killed meanwhile. */
  readonly disturb?: (tell: (what: Told) => void) => Promise<void>
}

export type HistoryMode = 'versioned' | 'expiring'

export interface HistoryOutcome extends Verdict {
  readonly commits: number
  readonly rollbacks: number
  readonly kills: number
  readonly stops: number
  /** Of the number of version rows. */
  readonly slotChanges: number
  readonly polls: number
  readonly failedPolls: number
  readonly failedReads: number
  readonly generations: number
  readonly storeHits: number
  readonly storeWrites: number
  /** Claims of what other processes are about to read too, and those that another one had. */
  readonly claims: number
  readonly refusedClaims: number
  /** What happened to the store. */
  readonly troubles: number
  /** Readers that were killed, and those that a damaged file has ended. */
  readonly killedReaders: number
  readonly crashedReaders: number
  /** Why reads failed. */
  readonly failures: Readonly<Record<string, number>>
}

const KEYS_PER_WRITER = 3
const MORTALS = 2
const POLL_TIMEOUT = 2_000
/** While processes are stopped: what is noticed late must not be within the bound all the same. */
const SHORT_POLL_TIMEOUT = 500
const SHORTEST_INTERVAL = 20
export const MAX_AGE = 300

/** Lets processes read and write a cached table of the server under test for a while, and judges what they saw. */
export async function runHistory(options: HistoryRunOptions): Promise<HistoryOutcome> {
  const { seconds, seed, mode = 'versioned', fault, services = 3 } = options
  const { longestInterval = 50, rest = 5, longestDelay = 40, stops = false, server, disturb } = options
  const pollTimeout = stops ? SHORT_POLL_TIMEOUT : POLL_TIMEOUT
  const faults = options.store ? (options.faults ?? usualFaults(options.store)) : []
  const random = createRandom(seed)
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-history-'))
  await using test = await createTestDatabase({ name: 'history', ...(server && { server }) })
  const children: ChildProcess[] = []
  const stop = new AbortController()
  let store: SharedStore | undefined
  try {
    store =
      options.store &&
      (await startStore(options.store, { folder, faults, rest: Math.min(6_000, 300 * seconds) }))
    // A store takes what stands for a while.
    const tide = store ? 2_000_000 : 500_000
    const planning = {
      ...{ test, tide, folder, seconds, random, services, mode, longestInterval, rest, longestDelay, store },
      ...{ stops, pollTimeout },
    }
    const spared = options.store && endsProcesses(options.store, faults)
    const plans = planProcesses({ ...planning, store: spared ? undefined : store })
    const keys = keysOf(0, KEYS_PER_WRITER * plans[0]!.allWriters)
    await createTable(test, keys)
    const { slots = [] } = options
    if (mode === 'versioned') await trackTable(test, slots[0])
    const lasting = plans.map((plan) => startService(plan, fault))
    children.push(...lasting)
    const ends = lasting.map(async (child): Promise<number | NodeJS.Signals> => {
      const [code, signal] = await once(child, 'exit')
      return code ?? signal
    })
    await Promise.all(lasting.map((child, index) => Promise.race([once(child, 'message'), ends[index]])))
    let mortals = plans.length
    const mortalReaders = startMortalReaders({
      ...{ count: faults.includes('kill') ? MORTALS : 0, random, stop: stop.signal },
      life: Math.min(4_000, 400 * seconds),
      plan: () => planMortal(planning, mortals++),
      start(plan) {
        const child = startService(plan, fault)
        children.push(child)
        return child
      },
    })
    await Promise.race([mortalReaders.begun, mortalReaders.ended])
    const killing = disturb ? undefined : killConnections({ test, random, stop: stop.signal })
    const changing =
      slots.length > 1 ? changeSlots({ test, numbers: slots, random, stop: stop.signal }) : undefined
    const troubling = store?.trouble({ random, stop: stop.signal })
    const stopping = stops ? stopProcesses({ children: lasting, random, stop: stop.signal }) : undefined
    const tell = (what: Told | 'go') => {
      for (const child of lasting) if (child.connected) child.send(what)
    }
    tell('go')
    await disturb?.(tell)
    if (disturb) tell('stop')
    const codes = await Promise.all(ends)
    stop.abort()
    const kills = (await killing) ?? 0
    const slotChanges = (await changing) ?? 0
    const troubles = (await troubling) ?? 0
    const stopped = (await stopping) ?? 0
    const { plans: mortal, killed, crashed } = await mortalReaders.ended
    if (codes.some((code) => code !== 0)) throw new Error(`processes ended with ${codes.join(', ')}`)
    const histories = (await Promise.all([...plans, ...mortal].map(readHistory))).filter(
      (one) => one !== undefined,
    )
    const verdict = checkHistory({
      processes: histories,
      initial: new Map(keys.map((key) => [key, initialValue(key)])),
      mode,
      bound: mode === 'expiring' ? MAX_AGE * 1_000 : boundOf({ pollInterval: longestInterval, pollTimeout }),
    })
    const writes = histories.flatMap((history) => history.writes)
    const polls = histories.flatMap((history) => history.polls)
    const sum = (name: 'generations' | 'storeHits' | 'storeWrites') =>
      histories.reduce((total, history) => total + history[name], 0)
    const claims = (name: keyof Claims) =>
      histories.reduce((total, history) => total + history.claims[name], 0)
    const failures = sumsOf(histories.map((history) => history.failures))
    return {
      ...verdict,
      commits: writes.filter(({ committed }) => committed).length,
      rollbacks: writes.filter(({ committed }) => !committed).length,
      kills,
      stops: stopped,
      slotChanges,
      polls: polls.length,
      failedPolls: polls.filter(({ failed }) => failed).length,
      failedReads: Object.values(failures).reduce((total, count) => total + count, 0),
      generations: sum('generations'),
      storeHits: sum('storeHits'),
      storeWrites: sum('storeWrites'),
      claims: claims('made'),
      refusedClaims: claims('refused'),
      troubles,
      killedReaders: killed,
      crashedReaders: crashed,
      failures,
    }
  } finally {
    stop.abort()
    for (const child of children) child.kill('SIGKILL')
    await store?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
}

interface Planning {
  readonly test: TestDatabase
  readonly tide: number
  readonly folder: string
  readonly seconds: number
  readonly random: Random
  readonly services: number
  readonly mode: HistoryMode
  readonly longestInterval: number
  readonly rest: number
  readonly longestDelay: number
  readonly store: SharedStore | undefined
  readonly stops: boolean
  readonly pollTimeout: number
}

function planProcesses(planning: Planning): ServiceOptions[] {
  const { services, mode, stops } = planning
  const common = (process: number) => commonPlan(planning, process)
  const reading = Array.from({ length: services }, (_, index): ServiceOptions => {
    // One of them writes past its own repositories too.
    const more = index === 0 ? [{ writer: services, way: 'kysely' } as const] : []
    const cache = cacheOf({ ...planning, index })
    // Another one only past them, where rows expire or others poll: what it holds is not dropped before.
    const isPast = index === services - 1 && (stops || (mode === 'expiring' && index > 0))
    const way = isPast ? 'kysely' : 'repositories'
    return { ...common(index), cache, readers: true, writers: [{ writer: index, way }, ...more] }
  })
  const writing: ServiceOptions = {
    ...common(services),
    cache: {},
    readers: false,
    writers: [
      { writer: services + 1, way: 'shell' },
      { writer: services + 2, way: 'kysely' },
    ],
  }
  return [...reading, writing]
}

function commonPlan(planning: Planning, process: number) {
  const { test, tide, folder, seconds, random, services, longestInterval, rest, longestDelay } = planning
  const { stops, pollTimeout } = planning
  return {
    tide,
    url: test.url,
    process,
    seed: random.below(2 ** 31),
    seconds,
    pollInterval: SHORTEST_INTERVAL + random.below(longestInterval - SHORTEST_INTERVAL),
    pollTimeout,
    stops,
    allWriters: services + 3,
    keysPerWriter: KEYS_PER_WRITER,
    rest,
    longestDelay,
    reads: join(folder, `reads-${process}`),
    history: join(folder, `history-${process}.json`),
    store: planning.store?.place,
  }
}

/** A reader that may be killed: nobody would know what it has written. */
function planMortal(planning: Planning, process: number): ServiceOptions {
  const cache = cacheOf({ ...planning, index: process % 2 })
  return { ...commonPlan(planning, process), cache, readers: true, writers: [], isMortal: true }
}

/** The first of them reads in the background what is due. Over a store it holds few rows, so that it asks often. */
function cacheOf({ mode, index, random, store, services }: Planning & { readonly index: number }) {
  const isSmall = store !== undefined && index === 0 && services > 1
  if (mode === 'versioned') return { item: isSmall ? { mode, maxRows: 5 } : mode }
  const refresh = index === 0 ? { refreshAfter: 50 + random.below(200) } : {}
  return { item: { mode, maxAge: MAX_AGE, ...refresh } }
}

async function createTable(test: TestDatabase, keys: readonly number[]): Promise<void> {
  const rows = keys.filter((key) => initialValue(key) !== 0)
  await runStatements(
    test.url,
    ITEM,
    `insert into item values ${rows.map((key) => `(${key}, '${codeOf(key)}', ${groupOf(key)}, ${initialValue(key)})`).join(', ')}`,
  )
}

function startService(plan: ServiceOptions, fault: Fault | undefined): ChildProcess {
  const hooks = new URL('./fault.ts', import.meta.url).href
  return fork(new URL('./service.ts', import.meta.url), [JSON.stringify(plan)], {
    execArgv: fault ? ['--import', hooks] : [],
    env: { ...process.env, ...(fault && { HISTORY_FAULT: fault }) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

/** Ends connections to the database at random; they are its only ones that have it as their own. */
async function killConnections(options: {
  readonly test: TestDatabase
  readonly random: Random
  readonly stop: AbortSignal
}): Promise<number> {
  const { test, random, stop } = options
  const url = new URL(test.url)
  url.pathname = '/'
  const connection = await createConnection(url.href)
  let kills = 0
  while (!stop.aborted) {
    await pause(50 + random.below(400), undefined, { signal: stop }).catch(() => {})
    const [rows] = await connection.query<RowDataPacket[]>('show processlist')
    const own = rows.filter(({ db, Command }) => db === test.name && Command !== 'Killed')
    if (own.length === 0) continue
    const killed = connection.query(`kill ${random.pick(own).Id}`).then(
      () => true,
      // It has ended by itself.
      () => false,
    )
    if (await killed) kills++
  }
  connection.destroy()
  return kills
}

/** Undefined for a process that was killed before it had seen anything. */
async function readHistory(plan: ServiceOptions) {
  const text = await readFile(plan.history, 'utf8').catch((error: unknown) => {
    if (plan.isMortal) return undefined
    throw error
  })
  if (text === undefined) return undefined
  return { ...(JSON.parse(text) as ProcessHistory), reads: readsOf(plan.reads) }
}

function sumsOf(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const one of counts) {
    for (const [name, count] of Object.entries(one)) sums[name] = (sums[name] ?? 0) + count
  }
  return sums
}
