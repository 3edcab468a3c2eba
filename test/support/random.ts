/** Random numbers that a seed repeats. */
export interface Random {
  /** From 0, less than 1. */
  next(): number
  /** An integer from 0, less than `limit`. */
  below(limit: number): number
  is(probability: number): boolean
  pick<Value>(values: readonly Value[]): Value
  /** The same values in another order. */
  shuffled<Value>(values: readonly Value[]): Value[]
}

export function createRandom(seed: number): Random {
  let state = seed >>> 0
  // mulberry32
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    next,
    below,
    is: (probability) => next() < probability,
    pick: (values) => values[below(values.length)]!,
    shuffled(values) {
      const result = [...values]
      for (let last = result.length - 1; last > 0; last--) {
        const other = below(last + 1)
        ;[result[last], result[other]] = [result[other]!, result[last]!]
      }
      return result
    },
  }
}
