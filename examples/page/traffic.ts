import { Agent, get } from 'node:http'
import type { TrafficState } from './live-events.ts'

export const MAX_RATE = 200
/** The number of pages of shipments. */
const PAGES = 400
const MOST_IN_FLIGHT = 64
const TICK = 20
/** Milliseconds between two reports of how many were answered. */
const REPORT = 500

/** Sends real HTTP requests to the service at a given rate, each for a page of shipments. */
export interface Traffic {
  readonly state: TrafficState
  set(wish: { readonly running: boolean; readonly rate: number }): void
  /** Runs `work` while no request is in progress. */
  pausedFor<Result>(work: () => Promise<Result>): Promise<Result>
  stop(): Promise<void>
}

export function createTraffic(options: {
  readonly serviceUrl: string
  readonly changed: (state: TrafficState) => void
}): Traffic {
  const { serviceUrl, changed } = options
  const agent = new Agent({ keepAlive: true, maxSockets: MOST_IN_FLIGHT })
  let running = false
  let rate = 20
  let answered = 0
  let failed = 0
  /** Of both, as last reported. */
  let reported = 0
  let inFlight = 0
  let holds = 0
  let owed = 0
  let last = performance.now()
  let timer: NodeJS.Timeout | undefined
  const idle: (() => void)[] = []
  const state = (): TrafficState => ({ running, rate, answered, failed })
  const reports = setInterval(() => {
    if (running || answered + failed !== reported) changed(state())
    reported = answered + failed
  }, REPORT)

  function tick(): void {
    const now = performance.now()
    // After a pause it continues at its rate, and does not catch up.
    owed = Math.min(owed + ((now - last) / 1_000) * rate, MOST_IN_FLIGHT)
    last = now
    while (holds === 0 && owed >= 1 && inFlight < MOST_IN_FLIGHT) {
      owed--
      void sendOne()
    }
  }

  async function sendOne(): Promise<void> {
    inFlight++
    const page = 1 + Math.floor(Math.random() * PAGES)
    if (await isAnswered(`${serviceUrl}/shipments?page=${page}`, agent)) answered++
    else failed++
    inFlight--
    if (inFlight === 0) for (const resolve of idle.splice(0)) resolve()
  }

  const settled = () =>
    inFlight === 0 ? Promise.resolve() : new Promise<void>((resolve) => idle.push(resolve))

  function set(wish: { readonly running: boolean; readonly rate: number }): void {
    rate = wish.rate
    if (wish.running && !running) {
      owed = 0
      last = performance.now()
      timer = setInterval(tick, TICK)
    } else if (!wish.running) clearInterval(timer)
    running = wish.running
    changed(state())
  }

  return {
    get state() {
      return state()
    },
    set,
    async pausedFor(work) {
      holds++
      try {
        await settled()
        return await work()
      } finally {
        holds--
      }
    },
    async stop() {
      clearInterval(reports)
      set({ running: false, rate })
      await settled()
      agent.destroy()
    },
  }
}

function isAnswered(url: string, agent: Agent): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  get(url, { agent }, (response) => {
    response.resume()
    response.once('close', () => resolve(response.complete && response.statusCode === 200))
  }).once('error', () => resolve(false))
  return promise
}
