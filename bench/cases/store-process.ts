/** One of several processes that read the same rows at the same time: `store-fleet.ts` starts it. */
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { createDatabase, createRepositories } from '../../src/index.ts'
import { metadataOf } from '../sides/lookup.ts'
import { openStore } from '../stores.ts'

export interface ProcessTask {
  readonly url: string
  readonly store?: string
  readonly maxRows: number
  /** `preload`: the whole table. Else a file with ids, and how many of them are asked for at a time. */
  readonly reads: 'preload' | { readonly ids: string; readonly atOnce: number }
}

export interface Reading {
  readonly rows: number
  /** Sent for rows, without polls. */
  readonly statements: number
  readonly seconds: number
}

/** Bytes, after a full garbage collection. */
export interface Memory {
  /** What the system counts for it (Pss): pages that it shares with others are divided among them. */
  readonly proportional: number
  /** Of these, the pages of the store's file. They are of the page cache: the system takes them back where it needs memory. */
  readonly mapped: number
  /** Of these, what no file has (Pss_Anon): only the end of the process gives it back. */
  readonly anonymous: number
  /** Pages that no other process has mapped (Private_Clean and Private_Dirty). */
  readonly own: number
  /** JavaScript's heap, and what of it the system has given. */
  readonly heap: number
  readonly heapTotal: number
  /** Buffers that lie outside of it. */
  readonly buffers: number
}

const TURN = 1_000

interface CityLookups {
  findByKey(id: number): Promise<object | undefined>
  findByKeys(ids: readonly number[]): Promise<readonly unknown[]>
  preload(): Promise<number>
}

const task = JSON.parse(process.argv[2]!) as ProcessTask
const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: task.url })
const { city } = await metadataOf(db)
const store = task.store === undefined ? undefined : openStore(task.store)
const repos = createRepositories({
  db,
  tables: { city: city! },
  cache: { city: { mode: 'versioned', maxRows: task.maxRows } },
  ...(store && { store }),
})
await repos.$ready()
const cities = repos.$table('city') as unknown as CityLookups
const ids: number[] = task.reads === 'preload' ? [] : JSON.parse(await readFile(task.reads.ids, 'utf8'))

const answers: Readonly<Record<string, () => Promise<object>>> = { read, measure }
process.on('message', async (message) => {
  if (message !== 'close') return void process.send!(await answers[String(message)]!())
  await repos.$close()
  await store?.close()
  await db.destroy()
  process.disconnect()
})
process.send!('ready')

async function read(): Promise<Reading> {
  const start = performance.now()
  const rows = task.reads === 'preload' ? await cities.preload() : await readIds(task.reads.atOnce)
  const { statements } = repos.$stats().city!
  return { rows, statements, seconds: (performance.now() - start) / 1_000 }
}

async function readIds(atOnce: number): Promise<number> {
  let rows = 0
  for (let from = 0; from < ids.length; from += atOnce) {
    const keys = ids.slice(from, from + atOnce)
    const found = atOnce === 1 ? [await cities.findByKey(keys[0]!)] : await cities.findByKeys(keys)
    for (const row of found) if (row) rows++
    // As between requests: what is let go of in one turn of the event loop stays until its end.
    if (from % TURN === 0) await new Promise(setImmediate)
  }
  return rows
}

async function measure(): Promise<Memory> {
  // Turns between them: what finalization registries hold goes after one, and pages of the heap go back to the system later on.
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc?.()
    await setTimeout(300)
  }
  const rollup = await readFile('/proc/self/smaps_rollup', 'utf8')
  const bytes = (name: string) => kilobytes(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(rollup)) * 1_024
  const { heapUsed, heapTotal, arrayBuffers } = process.memoryUsage()
  return {
    proportional: bytes('Pss'),
    mapped: await mappedBytes(),
    anonymous: bytes('Pss_Anon'),
    own: bytes('Private_Clean') + bytes('Private_Dirty'),
    ...{ heap: heapUsed, heapTotal, buffers: arrayBuffers },
  }
}

/** The share of this process in the pages of the store's file. */
async function mappedBytes(): Promise<number> {
  let sum = 0
  let isFile = false
  for (const line of (await readFile('/proc/self/smaps', 'utf8')).split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isFile = line.endsWith('.mdb')
    else if (isFile) sum += kilobytes(/^Pss: +(\d+) kB/.exec(line)) * 1_024
  }
  return sum
}

function kilobytes(match: RegExpExecArray | null): number {
  return Number(match?.[1] ?? 0)
}
