/** A service in this process that answers requests, some at a time: requests per second, and statements per request. */
import { readCityKeys } from '../city-keys.ts'
import { startHttpService } from '../http-service.ts'
import { openPeer } from '../peer.ts'
import { createRequests, serve } from '../requests.ts'
import { openSelectCount } from '../select-count.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { startStopwatch } from '../stopwatch.ts'

export interface ServiceOptions {
  readonly [name: string]: string | number | boolean
  /** Whether each round begins with a process that has read nothing. */
  readonly cold: boolean
  /** Whether requests come over HTTP, from another process. */
  readonly http: boolean
  readonly requests: number
  readonly concurrency: number
  /** How often a round sends them. */
  readonly times: number
}

export async function prepare(task: Task): Promise<Measured> {
  const { cold, http, requests, concurrency, times } = task.options as ServiceOptions
  const peer = await openPeer(task.side, { url: task.url, capacity: 200_000 })
  const all = createRequests(
    (await readCityKeys(task.url)).map(({ id }) => id),
    requests,
  )
  const selects = await openSelectCount(task.url)
  const handle = (index: number) => peer.request((lookups) => serve(lookups, all[index]!))
  const service = http ? await startHttpService({ handle, requests, concurrency }) : undefined
  const send = service?.send ?? (() => sendRequests(handle, { requests, concurrency }))
  await send()
  return {
    async round() {
      let seconds = 0
      let cpu = 0
      let statements = 0
      let lookups = 0
      for (let time = 0; time < times; time++) {
        if (cold) await peer.restart?.()
        const before = await selects.read()
        const stopwatch = startStopwatch()
        seconds += await send()
        cpu += stopwatch().cpu
        statements += (await selects.read()) - before
        lookups += peer.statements?.() ?? 0
      }
      const sent = requests * times
      // Microseconds per request, of this process: clients of a service on HTTP have their own.
      return {
        requestsPerSecond: sent / seconds,
        cpu: cpu / 1_000 / sent,
        statements: statements / sent,
        // Without polls, where the side has any.
        ...(task.side.store !== undefined && { lookups }),
      }
    },
    async close() {
      await service?.stop()
      await selects.close()
      await peer.close()
    },
  }
}

/** Seconds that the requests take in this process. */
export async function sendRequests(
  handle: (index: number) => Promise<number>,
  { requests, concurrency }: { readonly requests: number; readonly concurrency: number },
): Promise<number> {
  let next = 0
  const start = process.hrtime.bigint()
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (next < requests) await handle(next++)
    }),
  )
  return Number(process.hrtime.bigint() - start) / 1e9
}
