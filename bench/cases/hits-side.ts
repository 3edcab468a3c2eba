/** Reads rows that are held already, one after the other: nanoseconds per read. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createRandom } from '../../test/support/random.ts'
import { Cannot } from '../cannot.ts'
import { type CityKeys, readCityKeys } from '../city-keys.ts'
import { type Lookups, openPeer, type Peer } from '../peer.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { startStopwatch } from '../stopwatch.ts'

export interface HitsOptions {
  readonly [name: string]: string | number | boolean
  /** `primary key`, `unique key`, `composite key` or `peek`. */
  readonly by: string
  /** How many rows are asked for again and again. */
  readonly hot: number
  readonly reads: number
  /** Whether the reads are one request's. */
  readonly scoped: boolean
}

const LOAD_AT_ONCE = 1_000

export async function prepare(task: Task): Promise<Measured> {
  const { by, hot, reads, scoped } = task.options as HitsOptions
  const peer = await openPeer(task.side, { url: task.url, capacity: 200_000 })
  const loaded = createRandom(1)
    .shuffled(await readCityKeys(task.url))
    .slice(0, hot)
  const request = scoped ? await openRequest(peer) : undefined
  const lookups = request?.lookups ?? peer.lookups
  if (!lookups) throw new Error('nothing to read from without a request')
  const inside = request?.inside ?? (<Result>(work: () => Promise<Result>) => work())
  await inside(() => load(peer, lookups, by, loaded))
  // Not in the order in which they were loaded, which is that of the heap.
  const read = readOf(lookups, by, createRandom(2).shuffled(loaded))
  let next = 0
  return {
    round: () =>
      inside(async () => {
        let index = next
        let found = 0
        const times = startStopwatch()
        if (by === 'peek') {
          for (let count = 0; count < reads; count++) {
            if (read(index)) found++
            if (++index === hot) index = 0
          }
        } else {
          for (let count = 0; count < reads; count++) {
            if (await read(index)) found++
            if (++index === hot) index = 0
          }
        }
        const { wall, cpu } = times()
        next = index
        if (found !== reads) throw new Error(`${reads - found} of ${reads} reads found nothing`)
        return { nanoseconds: wall / reads, cpu: cpu / reads }
      }),
    async close() {
      request?.end()
      await peer.close()
    },
  }
}

function readOf(lookups: Lookups, by: string, keys: readonly CityKeys[]): (index: number) => unknown {
  const { cityBySlug, cityByPosition, peekCity } = lookups
  if (by === 'primary key') {
    const ids = keys.map(({ id }) => id)
    return (index) => lookups.city(ids[index]!)
  }
  if (by === 'unique key' && cityBySlug) {
    const slugs = keys.map(({ slug }) => slug)
    return (index) => cityBySlug(slugs[index]!)
  }
  if (by === 'composite key' && cityByPosition) {
    const countries = keys.map(({ country_code }) => country_code)
    const positions = keys.map(({ position }) => position)
    return (index) => cityByPosition(countries[index]!, positions[index]!)
  }
  if (by === 'peek' && peekCity) {
    const ids = keys.map(({ id }) => id)
    return (index) => peekCity(ids[index]!)
  }
  throw new Cannot(by === 'peek' ? 'no synchronous read' : `no lookup by ${by}`)
}

/** A Map cannot load what it lacks; others are asked as they will be. */
async function load(peer: Peer, lookups: Lookups, by: string, keys: readonly CityKeys[]): Promise<number> {
  const read = readOf(lookups, by === 'peek' ? 'primary key' : by, keys)
  for (let from = 0; from < keys.length; from += LOAD_AT_ONCE) {
    const chunk = keys.slice(from, from + LOAD_AT_ONCE)
    if (peer.warm) await peer.warm(chunk.map(({ id }) => id))
    else await Promise.all(chunk.map((_, index) => read(from + index)))
  }
  return keys.length
}

interface OpenRequest {
  readonly lookups: Lookups
  /** Runs what belongs to the request. */
  inside<Result>(work: () => Promise<Result>): Promise<Result>
  end(): void
}

function openRequest(peer: Peer): Promise<OpenRequest> {
  const { promise, resolve, reject } = Promise.withResolvers<OpenRequest>()
  const ended = Promise.withResolvers<void>()
  peer
    .request((lookups) => {
      resolve({ lookups, inside: AsyncLocalStorage.snapshot(), end: ended.resolve })
      return ended.promise
    })
    .catch(reject)
  return promise
}
