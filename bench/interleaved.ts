import { median } from './median.ts'
import type { Cpu } from './rounds.ts'

import { startStopwatch } from './stopwatch.ts'

/** Ways to do one job, by name; the first is what the others are compared with. */
export type Sides = Readonly<Record<string, () => Promise<unknown>>>

export interface Comparison {
  /** Median microseconds of a run, by side. */
  readonly median: Readonly<Record<string, number>>
  /** Median of a side against the first, round by round, so that a drift of the machine's speed cancels out. */
  readonly ratio: Readonly<Record<string, number>>
  /** The same of this process's processor time. */
  readonly cpu: Readonly<Record<string, Cpu>>
}

/** Runs the sides in turn, in an order that changes from round to round. */
export async function compareInterleaved(
  sides: Sides,
  options: { readonly rounds: number; readonly warmup: number },
): Promise<Comparison> {
  const names = Object.keys(sides)
  const times = new Map(names.map((name) => [name, [] as number[]]))
  const cpuTimes = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = -options.warmup; round < options.rounds; round++) {
    const order = names.map((_, index) => names[(index + Math.abs(round)) % names.length]!)
    for (const name of order) {
      const stopwatch = startStopwatch()
      await sides[name]!()
      const { wall, cpu } = stopwatch()
      if (round < 0) continue
      times.get(name)!.push(wall / 1_000)
      cpuTimes.get(name)!.push(cpu / 1_000)
    }
  }
  const first = times.get(names[0]!)!
  const entries = names.map((name) => [name, times.get(name)!] as const)
  const firstCpu = cpuTimes.get(names[0]!)!
  return {
    median: Object.fromEntries(entries.map(([name, own]) => [name, median(own)])),
    ratio: Object.fromEntries(
      entries.map(([name, own]) => [name, median(own.map((time, round) => time / first[round]!))]),
    ),
    // A clock of whole microseconds may show nothing for one short run: their sums are compared.
    cpu: Object.fromEntries(
      [...cpuTimes].map(([name, own]) => [
        name,
        { value: sum(own) / own.length, ratio: sum(own) / sum(firstCpu) },
      ]),
    ),
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
