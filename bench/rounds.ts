import { Cannot } from './cannot.ts'
import { median, quantile } from './median.ts'
import type { Sample, SideProcess } from './side-process.ts'

export interface Rounds {
  /** By name, how a side's process is started. */
  readonly sides: Readonly<Record<string, () => Promise<SideProcess>>>
  /** The side that the others are compared with. */
  readonly baseline: string
  /** How often each side gets a new process: what a compiler decides in one, it keeps. */
  readonly processes: number
  readonly rounds: number
  readonly warmup: number
  /** On a slow machine the rounds of a process end after this many seconds (12), though not before there are three. */
  readonly seconds?: number
}

const SECONDS = 12
const FEWEST_ROUNDS = 3

/** Median processor time, and its ratio as that of the value. */
export interface Cpu {
  readonly value: number
  readonly ratio: number
}

export type Comparison =
  | { readonly cannot: string }
  | {
      /** Median over all rounds. */
      readonly value: number
      /** Median over the processes of the median over the rounds of the side against the baseline in the same round. */
      readonly ratio: number
      /** A quarter of the rounds' ratios are below the first, a quarter above the second. */
      readonly quartiles: readonly [number, number]
      /** Processor time of the side's process, in the case's unit of time; where the side tells it. */
      readonly cpu?: Cpu
      /** What else a round told, as medians. */
      readonly more: Readonly<Record<string, number>>
    }

/**
 * Runs the sides in turn, in an order that changes from round to round, each in a process of its own. A drift of the
 * machine's speed, or another program that takes some of it, falls on all sides of a round and cancels out.
 */
export async function compare(plan: Rounds): Promise<Record<string, Comparison>> {
  const names = Object.keys(plan.sides)
  const cannot = new Map<string, string>()
  const values = new Map(names.map((name) => [name, [] as number[][]]))
  const cpu = new Map(names.map((name) => [name, [] as number[][]]))
  const more = new Map(names.map((name) => [name, [] as Record<string, number>[]]))
  for (let process = 0; process < plan.processes; process++) {
    const running = new Map<string, SideProcess>()
    try {
      const wanted = names.filter((name) => !cannot.has(name))
      const started = await Promise.allSettled(wanted.map((name) => plan.sides[name]!()))
      for (const [index, result] of started.entries()) {
        if (result.status === 'fulfilled') running.set(wanted[index]!, result.value)
        else if (result.reason instanceof Cannot) cannot.set(wanted[index]!, result.reason.message)
      }
      for (const result of started) {
        if (result.status === 'rejected' && !(result.reason instanceof Cannot)) throw result.reason
      }
      for (const name of running.keys()) {
        values.get(name)!.push([])
        cpu.get(name)!.push([])
      }
      const end = performance.now() + (plan.seconds ?? SECONDS) * 1_000
      for (let round = -plan.warmup; round < plan.rounds; round++) {
        if (round >= FEWEST_ROUNDS && performance.now() > end) break
        for (const name of rotated([...running.keys()], process + round + plan.warmup)) {
          const sample = await running.get(name)!.round()
          if (round < 0) continue
          values.get(name)!.at(-1)!.push(mainOf(sample))
          if (typeof sample === 'number') continue
          const { cpu: time, ...others } = sample
          if (time !== undefined) cpu.get(name)!.at(-1)!.push(time)
          more.get(name)!.push(others)
        }
      }
    } finally {
      await Promise.all([...running.values()].map((side) => side.stop()))
    }
  }
  const baseline = values.get(plan.baseline)!
  return Object.fromEntries(
    names.map((name) => {
      const reason = cannot.get(name)
      if (reason !== undefined) return [name, { cannot: reason }]
      const ratios = ratiosOf(values.get(name)!, baseline)
      const all = ratios.flat()
      const times = cpu.get(name)!
      const known = times.flat().length > 0 && cpu.get(plan.baseline)!.flat().length > 0
      return [
        name,
        {
          value: median(values.get(name)!.flat()),
          ratio: median(ratios.map(median)),
          quartiles: [quantile(all, 0.25), quantile(all, 0.75)],
          ...(known && {
            cpu: {
              value: median(times.flat()),
              ratio: median(ratiosOf(times, cpu.get(plan.baseline)!).map(median)),
            },
          }),
          more: mediansOf(more.get(name)!),
        },
      ]
    }),
  )
}

/** By process and round. */
function ratiosOf(own: readonly number[][], baseline: readonly number[][]): number[][] {
  return own.map((rounds, process) => rounds.map((value, round) => value / baseline[process]![round]!))
}

function rotated(names: readonly string[], by: number): string[] {
  return names.map((_, index) => names[(index + by) % names.length]!)
}

/** The first number of a sample is the one that is compared. */
function mainOf(sample: Sample): number {
  return typeof sample === 'number' ? sample : Object.values(sample)[0]!
}

function mediansOf(samples: readonly Record<string, number>[]): Record<string, number> {
  const [, ...names] = Object.keys(samples[0] ?? {})
  return Object.fromEntries(names.map((name) => [name, median(samples.map((sample) => sample[name]!))]))
}
