import { median } from './median.ts'

/** Ways to do one job, by name; the first is what the others are compared with. */
export type Sides = Readonly<Record<string, () => Promise<unknown>>>

export interface Comparison {
  /** Median microseconds of a run, by side. */
  readonly median: Readonly<Record<string, number>>
  /** Median of a side against the first, round by round, so that a drift of the machine's speed cancels out. */
  readonly ratio: Readonly<Record<string, number>>
}

/** Runs the sides in turn, in an order that changes from round to round. */
export async function compareInterleaved(
  sides: Sides,
  options: { readonly rounds: number; readonly warmup: number },
): Promise<Comparison> {
  const names = Object.keys(sides)
  const times = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = -options.warmup; round < options.rounds; round++) {
    const order = names.map((_, index) => names[(index + Math.abs(round)) % names.length]!)
    for (const name of order) {
      const start = process.hrtime.bigint()
      await sides[name]!()
      const elapsed = Number(process.hrtime.bigint() - start) / 1000
      if (round >= 0) times.get(name)!.push(elapsed)
    }
  }
  const first = times.get(names[0]!)!
  const entries = names.map((name) => [name, times.get(name)!] as const)
  return {
    median: Object.fromEntries(entries.map(([name, own]) => [name, median(own)])),
    ratio: Object.fromEntries(
      entries.map(([name, own]) => [name, median(own.map((time, round) => time / first[round]!))]),
    ),
  }
}
