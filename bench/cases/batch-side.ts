/** Reads cities that nothing remembers, a list of keys at a time: microseconds per list. */

import { createRandom } from '../../test/support/random.ts'
import { Cannot } from '../cannot.ts'
import { readCityKeys } from '../city-keys.ts'
import { openPeer } from '../peer.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { startStopwatch } from '../stopwatch.ts'

export interface BatchOptions {
  readonly [name: string]: string | number | boolean
  readonly keys: number
  /** How many lists a round has, one after the other. */
  readonly lists: number
}

export async function prepare(task: Task): Promise<Measured> {
  const { keys, lists } = task.options as BatchOptions
  const peer = await openPeer(task.side, { url: task.url, capacity: 200_000 })
  const { cities } = peer
  if (!cities) throw new Cannot('no list of keys')
  const ids = createRandom(1).shuffled((await readCityKeys(task.url)).map(({ id }) => id))
  let next = 0
  return {
    async round() {
      if (next + keys * lists > ids.length) {
        next = 0
        await peer.restart?.()
      }
      const chunks = Array.from({ length: lists }, (_, list) =>
        ids.slice(next + list * keys, next + (list + 1) * keys),
      )
      next += keys * lists
      const times = startStopwatch()
      for (const chunk of chunks) {
        const rows = await cities(chunk)
        if (rows.length !== keys || !rows.every(Boolean)) throw new Error('a city was not found')
      }
      const { wall, cpu } = times()
      return { microseconds: wall / 1_000 / lists, cpu: cpu / 1_000 / lists }
    },
    close: () => peer.close(),
  }
}
