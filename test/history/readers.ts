import { setTimeout as pause } from 'node:timers/promises'
import type { AnyRepositories, AnyRepository, AnyRow } from '../support/lookups.ts'
import type { Random } from '../support/random.ts'
import { now } from './clock.ts'
import { ASKED, type ReadEvent, type ReadLog } from './events.ts'
import { codeOf, GROUPS, groupOf } from './table.ts'

export interface ReaderOptions {
  readonly repos: AnyRepositories
  readonly log: ReadLog
  readonly random: Random
  readonly keys: readonly number[]
  /** Milliseconds that a reader rests at most between its turns. */
  readonly rest: number
  /** Numbers that no other reader of the process gives to its requests. */
  nextRequest(): number
  stopped(): boolean
  /** Whether the process holds fewer rows than the table has: `all()` is refused then, as long as it has. */
  readonly isBounded: boolean
  /** Whether some read so many keys at a time that processes claim them. */
  readonly isHerd: boolean
  /** Told what is wrong in itself, whatever the other logs say. */
  complain(what: string): void
  failed(error: unknown): void
}

/** Where reads are made: outside of requests, or in one. */
interface Place {
  readonly repos: AnyRepositories
  /** 0 outside. */
  readonly request: number
  /** When the request began. */
  readonly since?: number
  readonly rows: Map<number, AnyRow>
}

/** Reads outside of any request. */
export async function readOutside(options: ReaderOptions): Promise<void> {
  const { repos, random, stopped } = options
  const place: Place = { repos, request: 0, rows: new Map() }
  while (!stopped()) {
    for (let left = random.below(200); left > 0; left--) await readSomething(place, options)
    await pause(random.below(options.rest))
  }
}

/** Reads in requests; some outlive several versions. */
export async function readInRequests(options: ReaderOptions): Promise<void> {
  const { repos, random, stopped } = options
  while (!stopped()) {
    const request = options.nextRequest()
    const since = now()
    const bursts = async (bound: AnyRepositories) => {
      const place: Place = { repos: bound, request, since, rows: new Map() }
      for (let left = 1 + random.below(5); left > 0 && !stopped(); left--) {
        for (let reads = random.below(60); reads > 0; reads--) await readSomething(place, options)
        await pause(random.is(0.3) ? random.below(120) : random.below(options.rest))
      }
    }
    if (random.is(0.5)) await repos.$request(() => bursts(repos))
    else await bursts(repos.$forRequest())
  }
}

async function readSomething(place: Place, options: ReaderOptions): Promise<void> {
  const { random, keys } = options
  const { item } = place.repos
  const begin = now()
  const key = random.pick(keys)
  const what = random.below(100)
  try {
    if (what < 60) take(place, options, { begin, by: ASKED.id, key, row: await item!.findByKey(key) })
    else if (what < 80)
      take(place, options, { begin, by: ASKED.code, key, row: await item!.findByKey({ code: codeOf(key) }) })
    else if (what < 81 && options.isHerd) await readHerd(place, options)
    else if (what < 88) await readTogether(place, options)
    else if (what < 92) peekOutside(place, options, key)
    else if (what < 98) {
      const group = random.below(GROUPS)
      const listed = await item!.findAllBy({ grp: group })
      takeList(place, options, { begin, listed, keys: keys.filter((one) => groupOf(one) === group) })
    } else {
      const listed = await readAll(item!, options)
      if (listed) takeAll(place, options, { begin, listed, keys })
    }
  } catch (error) {
    options.failed(error)
  }
}

/** Undefined where there are more rows than the process may hold. */
async function readAll(item: AnyRepository, { isBounded }: ReaderOptions) {
  try {
    return await item.all()
  } catch (error) {
    if (isBounded && /maxRows/.test((error as Error).message)) return undefined
    throw error
  }
}

/** Many keys at a time, some of them twice, and by both keys. */
async function readTogether(place: Place, options: ReaderOptions): Promise<void> {
  const { random } = options
  const begin = now()
  const keys = Array.from({ length: 1 + random.below(10) }, () => random.pick(options.keys))
  const bys = keys.map(() => (random.is(0.5) ? ASKED.id : ASKED.code))
  const asked = keys.map((key, index) => (bys[index] === ASKED.id ? key : { code: codeOf(key) }))
  const rows = await place.repos.item!.findByKeys(asked)
  for (const [index, key] of keys.entries()) {
    take(place, options, { begin, by: bys[index]!, key, row: rows[index] })
  }
}

/** No row has them: with the others they are as many as a claim takes. */
const STRANGERS = Array.from({ length: 120 }, (_, index) => 1_000_000 + index)

/** All keys, and more, as every process that begins would. */
async function readHerd(place: Place, options: ReaderOptions): Promise<void> {
  const begin = now()
  const rows = await place.repos.item!.findByKeys([...STRANGERS, ...options.keys])
  for (const [index, key] of [...STRANGERS, ...options.keys].entries()) {
    if (index >= STRANGERS.length) take(place, options, { begin, by: ASKED.id, key, row: rows[index] })
    else if (rows[index]) options.complain(`there is no key ${key}, and it was found`)
  }
}

/** Only what the process shares: it is judged as read outside. */
function peekOutside(place: Place, options: ReaderOptions, key: number): void {
  const begin = now()
  const row = place.repos.item!.peek(key)
  if (row)
    options.log.add({
      begin,
      end: now(),
      since: begin,
      request: 0,
      by: ASKED.id,
      key,
      value: Number(row.value),
    })
}

interface Taken {
  readonly begin: number
  readonly by: ReadEvent['by']
  readonly key: number
  readonly row: AnyRow | undefined
}

function take(place: Place, options: ReaderOptions, { begin, by, key, row }: Taken): void {
  const { request, since = begin } = place
  options.log.add({ begin, end: now(), since, request, by, key, value: Number(row?.value ?? 0) })
  if (row && row.id !== key) options.complain(`asked for key ${key} and got ${row.id}`)
  if (row) checkObject(place, options, row)
}

/** By whatever it is found, in a request a row is one object. */
function checkObject({ request, rows }: Place, options: ReaderOptions, row: AnyRow): void {
  if (request === 0) return
  const key = Number(row.id)
  const before = rows.get(key)
  if (!before) rows.set(key, row)
  else if (before !== row) options.complain(`request ${request} got two objects for key ${key}`)
}

interface TakenList {
  readonly begin: number
  readonly listed: readonly AnyRow[]
  /** The keys that can be in it. */
  readonly keys: readonly number[]
}

/** A whole table is of one version, which need not be that of rows that its request has seen: it is a request of its own. */
function takeAll(place: Place, options: ReaderOptions, taken: TakenList): void {
  const request = place.request === 0 ? 0 : options.nextRequest()
  takeList({ ...place, request, rows: new Map() }, options, taken)
}

/** A list is an answer of its own: in a request its rows are those seen before, and what it lacks is left open. */
function takeList(place: Place, options: ReaderOptions, { begin, listed, keys }: TakenList): void {
  const { request, since = begin } = place
  const end = now()
  const rows = new Map(listed.map((row) => [Number(row.id), row]))
  if (rows.size !== listed.length) options.complain('a list has a row twice')
  for (const key of keys) {
    const row = rows.get(key)
    if (request !== 0 && !row) continue
    options.log.add({ begin, end, since, request, by: ASKED.list, key, value: Number(row?.value ?? 0) })
    if (row) checkObject(place, options, row)
  }
}
