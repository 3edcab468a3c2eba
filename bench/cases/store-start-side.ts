/** The cold service in a process that has run no code yet. A process is measured once. */
import { readFile } from 'node:fs/promises'
import { openPeer } from '../peer.ts'
import { serve } from '../requests.ts'
import { openSelectCount } from '../select-count.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { startStopwatch } from '../stopwatch.ts'
import { sendRequests } from './service-side.ts'

export interface StoreStartOptions {
  readonly [name: string]: string | number | boolean
  /** A file with the ids that each request asks for: read from the server, they would compile the driver's code. */
  readonly requests: string
  readonly concurrency: number
  /** A city that no request asks for. */
  readonly otherCity: number
}

export async function prepare(task: Task): Promise<Measured> {
  const { requests: file, concurrency, otherCity } = task.options as StoreStartOptions
  const all: number[][] = JSON.parse(await readFile(file, 'utf8'))
  const selects = await openSelectCount(task.url)
  const peer = await openPeer(task.side, { url: task.url, capacity: 200_000 })
  // Whoever waits for a connection or a version before it listens does so here.
  await peer.request(({ city }) => city(otherCity))
  return {
    async round() {
      const early = peer.statements?.() ?? 0
      const before = await selects.read()
      const stopwatch = startStopwatch()
      const handle = (index: number) => peer.request((lookups) => serve(lookups, all[index]!))
      const seconds = await sendRequests(handle, { requests: all.length, concurrency })
      const { cpu } = stopwatch()
      return {
        requestsPerSecond: all.length / seconds,
        cpu: cpu / 1_000 / all.length,
        statements: ((await selects.read()) - before) / all.length,
        lookups: (peer.statements?.() ?? 0) - early,
      }
    },
    async close() {
      await selects.close()
      await peer.close()
    },
  }
}
