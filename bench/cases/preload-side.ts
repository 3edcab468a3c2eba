/** Reads all 135,000 cities: milliseconds. */
import { Cannot } from '../cannot.ts'
import { openPeer } from '../peer.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { startStopwatch } from '../stopwatch.ts'

export async function prepare(task: Task): Promise<Measured> {
  const peer = await openPeer(task.side, { url: task.url, capacity: 200_000 })
  const { preload } = peer
  if (!preload) throw new Cannot('no read of a whole table')
  return {
    async round() {
      await peer.restart?.()
      const times = startStopwatch()
      await preload()
      const { wall, cpu } = times()
      return { milliseconds: wall / 1e6, cpu: cpu / 1e6 }
    },
    close: () => peer.close(),
  }
}
