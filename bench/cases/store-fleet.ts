/** Several processes of one machine over one store: the memory of rows that all of them read, and statements if they begin together. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Figure } from '../figure.ts'
import { median } from '../median.ts'
import type { Memory, ProcessTask, Reading } from './store-process.ts'

const PROCESSES = 8

/** Where the processes read, and what is measured of them. */
export interface FleetPlan {
  readonly common: Pick<Figure, 'case' | 'server' | 'what'>
  readonly url: string
  /** A file with the ids of all cities, in random order. */
  readonly ids: string
  readonly quick: boolean
}

/**
 * Each process has read every row: once from a filled store, holding 10,000 of them, and once from the server, holding all. What a process
 * takes that has read nothing is the same for both, and left out.
 */
export async function measureMemory(
  { common, url, ids, quick }: FleetPlan,
  store: string,
): Promise<Figure[]> {
  const ways: Record<string, ProcessTask> = {
    'all rows in each process': { url, maxRows: 200_000, reads: 'preload' },
    'a store, 10,000 rows in each process': { url, store, maxRows: 10_000, reads: { ids, atOnce: 1 } },
  }
  const samples = new Map(Object.keys(ways).map((side) => [side, [] as Record<string, number>[]]))
  for (let round = quick ? 1 : 2; round > 0; round--) {
    for (const [side, task] of Object.entries(ways)) samples.get(side)!.push(await memoryOf(task))
  }
  return figuresOf({ ...common, unit: 'MB' }, samples)
}

async function memoryOf(task: ProcessTask): Promise<Record<string, number>> {
  await using fleet = await startFleet(task, PROCESSES)
  const before = await fleet.ask<Memory>('measure')
  await fleet.ask<Reading>('read')
  const after = await fleet.ask<Memory>('measure')
  const grown = (name: keyof Memory) => (sumOf(after, name) - sumOf(before, name)) / 1024 ** 2
  return {
    megabytes: grown('proportional'),
    'of the file': grown('mapped'),
    'of no file': grown('anonymous'),
    private: grown('own'),
    heap: grown('heap'),
    'heap with what is free in it': grown('heapTotal'),
    buffers: grown('buffers'),
    'all in all': sumOf(after, 'proportional') / 1024 ** 2,
  }
}

/** Processes that begin with nothing, each with the same keys, a thousand at a time. */
export async function measureHerd({ common, url, ids, quick }: FleetPlan): Promise<Figure[]> {
  const ways: Record<string, readonly [processes: number, store: boolean]> = {
    'one process, a store': [1, true],
    '8 processes, a store': [PROCESSES, true],
    '8 processes, no store': [PROCESSES, false],
  }
  const samples = new Map(Object.keys(ways).map((side) => [side, [] as Record<string, number>[]]))
  for (let round = quick ? 1 : 3; round > 0; round--) {
    for (const [side, [processes, hasStore]] of Object.entries(ways)) {
      const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-bench-'))
      const store = hasStore ? { store: join(folder, 'store') } : {}
      const task: ProcessTask = { url, ...store, maxRows: 200_000, reads: { ids, atOnce: 1_000 } }
      const readings = await readTogether(task, processes)
      samples.get(side)!.push({
        statements: sumOf(readings, 'statements'),
        'ms of the last': 1_000 * Math.max(...readings.map(({ seconds }) => seconds)),
      })
      await rm(folder, { recursive: true, force: true })
    }
  }
  return figuresOf({ ...common, unit: 'statements' }, samples)
}

async function readTogether(task: ProcessTask, processes: number): Promise<readonly Reading[]> {
  await using fleet = await startFleet(task, processes)
  return await fleet.ask<Reading>('read')
}

interface Fleet extends AsyncDisposable {
  /** Asks all processes at the same time. */
  ask<Answer>(what: string): Promise<readonly Answer[]>
}

async function startFleet(task: ProcessTask, processes: number): Promise<Fleet> {
  const program = fileURLToPath(new URL('store-process.ts', import.meta.url))
  const children = Array.from({ length: processes }, () =>
    fork(program, [JSON.stringify(task)], { execArgv: ['--expose-gc'] }),
  )
  await Promise.all(children.map(messageOf))
  return {
    ask: <Answer>(what: string) =>
      Promise.all(
        children.map((child) => {
          const answer = messageOf(child)
          child.send(what)
          return answer as Promise<Answer>
        }),
      ),
    async [Symbol.asyncDispose]() {
      for (const child of children) child.send('close')
      await Promise.all(children.map((child) => once(child, 'exit')))
    },
  }
}

async function messageOf(child: ChildProcess): Promise<unknown> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`a process ended (${code})`)
  })
  ended.catch(() => {})
  const [message] = await Promise.race([once(child, 'message'), ended])
  return message
}

function sumOf<Name extends string>(all: readonly Readonly<Record<Name, number>>[], name: Name): number {
  return all.reduce((sum, one) => sum + one[name], 0)
}

/** Medians against the first side; the first number of a sample is the value. */
function figuresOf(
  common: Pick<Figure, 'case' | 'server' | 'what' | 'unit'>,
  samples: ReadonlyMap<string, readonly Record<string, number>[]>,
): Figure[] {
  const medians = [...samples].map(([side, own]) => {
    const names = Object.keys(own[0]!)
    return [
      side,
      Object.fromEntries(names.map((name) => [name, median(own.map((one) => one[name]!))])),
    ] as const
  })
  const [against, baseline] = medians[0]!
  const first = (sample: Record<string, number>) => Object.values(sample)[0]!
  return medians.map(([side, sample]) => {
    const [, ...others] = Object.entries(sample)
    const ratio = first(sample) / first(baseline)
    return { ...common, side, value: first(sample), against, ratio, more: Object.fromEntries(others) }
  })
}
