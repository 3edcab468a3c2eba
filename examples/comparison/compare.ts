import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServiceOptions, startService } from '../setup/service-process.ts'
import { type LoadResult, sendLoad } from './load.ts'
import { openSelectCounter, type SelectCounter } from './select-count.ts'

export interface ComparisonOptions {
  readonly databaseUrl: string
  readonly rounds: number
  readonly requests: number
  readonly concurrency: number
  /** Called after each measurement. */
  readonly log: (line: string) => void
}

export type Way = 'plain' | 'cold' | 'warm' | 'restarted'

/** One way's medians over the rounds. */
export interface Measurement {
  readonly selectsPerRequest: number
  readonly seconds: number
  readonly requestsPerSecond: number
}

export type Comparison = Readonly<Record<Way, Measurement>>

interface Sample extends LoadResult {
  readonly selects: number
}

const usePlainDb = new URL('./use-plain-db.ts', import.meta.url)
const useStoredDb = new URL('./use-stored-db.ts', import.meta.url)

/** How many processes fill the store at most. */
const MOST_FILLS = 5

/**
 * Sends the same requests to the service with plain Kysely and with kysely-lookup, in turns. Each round starts with new processes, so that
 * nothing is cached or compiled yet. `warm` repeats the same requests to the same process. `restarted` is a new process over the store that an
 * earlier one has filled.
 */
export async function compare(options: ComparisonOptions): Promise<Comparison> {
  const { databaseUrl, rounds, requests, log } = options
  await using counter = await openSelectCounter(databaseUrl)
  const samples: Record<Way, Sample[]> = { plain: [], cold: [], warm: [], restarted: [] }

  /** Until a process finds everything in it: rows that changed a moment ago are not stored yet. */
  async function fillStore(serviceOptions: ServiceOptions): Promise<void> {
    const { selects: warm } = samples.warm.at(-1)!
    for (let tries = 0; tries < MOST_FILLS; tries++) {
      await using service = await startService(serviceOptions)
      const { selects } = await takeSample({ ...options, serviceUrl: service.url, counter })
      if (selects <= warm) return
    }
  }

  async function measure(ways: readonly Way[], serviceOptions: ServiceOptions): Promise<void> {
    await using service = await startService(serviceOptions)
    for (const way of ways) {
      const sample = await takeSample({ ...options, serviceUrl: service.url, counter })
      samples[way].push(sample)
      log(`${way}: ${requests} requests, ${sample.selects} SELECTs (${sample.seconds.toFixed(2)} s)`)
    }
  }

  await using folder = await temporaryFolder()
  const stored = { databaseUrl, preload: [useStoredDb], env: { STORE_PATH: folder.path } }
  for (let round = 1; round <= rounds; round++) {
    await measure(['plain'], { databaseUrl, preload: [usePlainDb] })
    await measure(['cold', 'warm'], { databaseUrl })
    if (round === 1) await fillStore(stored)
    await measure(['restarted'], stored)
  }
  checkAnswers(Object.values(samples).flat())
  return {
    plain: summarize(samples.plain, requests),
    cold: summarize(samples.cold, requests),
    warm: summarize(samples.warm, requests),
    restarted: summarize(samples.restarted, requests),
  }
}

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'kysely-lookup-store-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

async function takeSample(
  options: ComparisonOptions & { readonly serviceUrl: string; readonly counter: SelectCounter },
): Promise<Sample> {
  const before = await options.counter.read()
  const result = await sendLoad(options)
  return { ...result, selects: (await options.counter.read()) - before }
}

function checkAnswers(samples: readonly Sample[]): void {
  if (new Set(samples.map(({ answers }) => answers)).size === 1) return
  throw new Error('the service answered differently with kysely-lookup than with plain Kysely')
}

function summarize(samples: readonly Sample[], requests: number): Measurement {
  const seconds = median(samples.map((sample) => sample.seconds))
  const selects = median(samples.map((sample) => sample.selects))
  return { selectsPerRequest: selects / requests, seconds, requestsPerSecond: requests / seconds }
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!
}
