import { AsyncLocalStorage } from 'node:async_hooks'
import type { ScopeOpener } from '../../src/frameworks/scope-opener.ts'
import { frameworks, type Routes } from '../support/frameworks/servers.ts'
import { type AnyRepositories, COUNTRIES, lookups, numbered } from '../support/lookups.ts'
import { type Order, sendRequests } from './requests.ts'

export interface HeapOptions {
  readonly framework: string
  readonly requests: number
  /** Plants a fault: scopes that never end and are held. */
  readonly leak?: boolean
  /** After each twelfth of the requests. */
  readonly onSample?: (sample: HeapSample) => void
}

export interface HeapSample {
  readonly requests: number
  /** Bytes in use after garbage collection. */
  readonly heap: number
  /** Open scopes of all tables, when nobody sends a request. */
  readonly scopes: number
}

export interface HeapResult {
  readonly samples: readonly HeapSample[]
  /** How many bytes a request has left, the first quarter left out, for caches and code are still being filled then. */
  readonly bytesPerRequest: number
  readonly openScopes: number
  readonly requestsPerSecond: number
  readonly outcomes: Readonly<Record<string, number>>
}

const SAMPLES = 12
const WARM = 3
const CONCURRENCY = 200
const CHUNK = Buffer.alloc(50_000, '.')

/** Sends requests of all kinds to a server in this process, which has to run with --expose-gc. */
export async function runHeap(options: HeapOptions): Promise<HeapResult> {
  const { gc } = globalThis
  if (!gc) throw new Error('expected node --expose-gc')
  await using data = await lookups([...COUNTRIES, ...numbered('product', 100)], { connectionLimit: 4 })
  const repos = data.repositories({ cache: { product: 'immutable' } })
  await repos.$ready()
  const waiting = new Map<number, () => void>()
  await using server = await frameworks[options.framework]!(
    options.leak ? leaking(repos) : repos,
    routesOf(repos, waiting),
  )
  const samples: HeapSample[] = []
  const outcomes: Record<string, number> = {}
  const count = Math.ceil(options.requests / SAMPLES)
  const begun = performance.now()
  for (let at = 0; at < SAMPLES; at++) {
    const counts = await sendRequests({
      port: server.port,
      from: at * count,
      count,
      concurrency: CONCURRENCY,
      reached: (number) => new Promise((resolve) => waiting.set(number, resolve)),
    })
    for (const [name, number] of Object.entries(counts)) outcomes[name] = (outcomes[name] ?? 0) + number
    const scopes = await quietScopes(repos, options.leak ? 0 : 30_000)
    const sample = { requests: (at + 1) * count, heap: await settledHeap(gc), scopes }
    samples.push(sample)
    options.onSample?.(sample)
  }
  const seconds = (performance.now() - begun) / 1000
  return {
    samples,
    bytesPerRequest: slope(samples.slice(WARM)),
    openScopes: samples.at(-1)!.scopes,
    requestsPerSecond: Math.round((count * SAMPLES) / seconds),
    outcomes,
  }
}

function routesOf(repos: AnyRepositories, waiting: Map<number, () => void>): Routes {
  async function read(number: number): Promise<unknown> {
    const absent = repos.product!.findByKey(100_000 + (number % 100))
    const country = await repos.country!.findByKey(['FR', 'DE', 'JP', 'US', 'CA'][number % 5])
    await repos.country!.findAllBy({ continent: 'EU' })
    await repos.product!.findByKey(1 + (number % 100))
    await absent
    return country
  }
  return {
    async json(body) {
      const { number, outcome } = body as Order
      const country = await read(number)
      if (outcome === 'failed') throw new Error('mine')
      const reached = waiting.get(number)
      if (reached) {
        waiting.delete(number)
        reached()
        await new Promise((resolve) => setTimeout(resolve, 5)) // the client leaves meanwhile
        await repos.country!.findByKey('US')
      }
      return { country }
    },
    async *stream() {
      for (;;) {
        await read(0)
        yield CHUNK
      }
    },
  }
}

/** The planted fault: what a hook would do that waits for an event which does not come. */
function leaking(repos: AnyRepositories): ScopeOpener {
  const held: unknown[] = []
  return {
    $request<Result>(fn: () => Result): Result {
      let result: Result
      repos.$request(() => {
        result = fn()
        held.push(AsyncLocalStorage.snapshot())
        return new Promise<void>(() => {})
      })
      return result!
    },
  }
}

/** The server sees a client leave some time after the client has, which takes long on a busy machine only. */
async function quietScopes(repos: AnyRepositories, patience: number): Promise<number> {
  const open = () => Object.values(repos.$stats()).reduce((sum, { scopes }) => sum + scopes, 0)
  const end = performance.now() + patience
  while (open() > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
  return open()
}

/** Finalizers run between collections and free more. */
async function settledHeap(gc: () => void): Promise<number> {
  for (let time = 0; time < 4; time++) {
    gc()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return process.memoryUsage().heapUsed
}

/** Of the line through the samples, by least squares. */
function slope(samples: readonly HeapSample[]): number {
  const mean = (of: (sample: HeapSample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length
  const x = mean(({ requests }) => requests)
  const y = mean(({ heap }) => heap)
  const above = mean(({ requests, heap }) => (requests - x) * (heap - y))
  return above / mean(({ requests }) => (requests - x) ** 2)
}
