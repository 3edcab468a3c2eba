/** Reads what the process does not hold, and another process has stored: microseconds a row, or milliseconds for the whole table. */
import { createRandom } from '../../test/support/random.ts'
import { readCityKeys } from '../city-keys.ts'
import { openPeer, type Peer } from '../peer.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { startStopwatch } from '../stopwatch.ts'

export interface StoreOptions {
  readonly [name: string]: string | number | boolean
  /** `one`: a key at a time. `lists`: a thousand keys at a time. `preload`: the whole table. */
  readonly reads: string
  /** How many rows are read. */
  readonly rows: number
  /** In random order, and not in that of the primary key. */
  readonly random: boolean
}

const KEYS_A_LIST = 1_000

export async function prepare(task: Task): Promise<Measured> {
  const { reads, rows, random } = task.options as StoreOptions
  const peer = await openPeer(task.side, { url: task.url, capacity: 200_000 })
  const keys = await readCityKeys(task.url)
  const ids = (random ? createRandom(1).shuffled(keys) : keys).slice(0, rows).map(({ id }) => id)
  return {
    async round() {
      await peer.restart!()
      // What the last round held goes first.
      globalThis.gc!()
      const stopwatch = startStopwatch()
      if (reads === 'preload') await peer.preload!()
      else if (reads === 'lists') await readLists(peer, ids)
      else await readOneByOne(peer, ids)
      const { wall, cpu } = stopwatch()
      const unit = reads === 'preload' ? 1e6 : 1e3 * ids.length
      return { time: wall / unit, cpu: cpu / unit, statements: peer.statements!() }
    },
    close: () => peer.close(),
  }
}

async function readOneByOne({ lookups }: Peer, ids: readonly number[]): Promise<void> {
  const { city } = lookups!
  for (const id of ids) if (!(await city(id))) throw new Error(`there is no city ${id}`)
}

async function readLists(peer: Peer, ids: readonly number[]): Promise<void> {
  for (let from = 0; from < ids.length; from += KEYS_A_LIST) {
    await peer.cities!(ids.slice(from, from + KEYS_A_LIST))
  }
}
