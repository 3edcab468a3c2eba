/** How many bytes of heap a held row takes. A process is measured once. */

import { createRandom } from '../../test/support/random.ts'
import { Cannot } from '../cannot.ts'
import { readCityKeys } from '../city-keys.ts'
import { openPeer } from '../peer.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'

export interface MemoryOptions {
  readonly [name: string]: string | number | boolean
  readonly rows: number
  /** `held`: read and not asked for again. `hit`: each asked for once more. `alias`: by its unique key too. */
  readonly state: string
}

const AT_ONCE = 1_000

export async function prepare(task: Task): Promise<Measured> {
  const { rows, state } = task.options as MemoryOptions
  const peer = await openPeer(task.side, { url: task.url, capacity: 200_000 })
  const { lookups } = peer
  const keys = createRandom(1)
    .shuffled(await readCityKeys(task.url))
    .slice(0, rows)
  // Statements prepared, code compiled, connections opened: none of it belongs to a row.
  await read(0, AT_ONCE)
  const early = heapUsed()
  await read(AT_ONCE, rows)
  const bytes = (heapUsed() - early) / (rows - AT_ONCE)

  async function read(start: number, end: number): Promise<void> {
    for (let from = start; from < end; from += AT_ONCE) {
      const chunk = keys.slice(from, Math.min(from + AT_ONCE, end))
      const ids = chunk.map(({ id }) => id)
      if (peer.warm) await peer.warm(ids)
      else if (lookups) await Promise.all(ids.map((id) => lookups.city(id)))
      else await peer.request(({ city }) => Promise.all(ids.map((id) => city(id))))
      if (state !== 'held') {
        if (!lookups) throw new Cannot('nothing is held after the request')
        for (const id of ids) await lookups.city(id)
      }
      if (state === 'alias') {
        if (!lookups?.cityBySlug) throw new Cannot('no lookup by another key')
        for (const { slug } of chunk) await lookups.cityBySlug(slug)
      }
    }
  }
  return { round: async () => bytes, close: () => peer.close() }
}

function heapUsed(): number {
  for (let turn = 0; turn < 3; turn++) globalThis.gc!()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
}
