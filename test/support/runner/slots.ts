/** Lets a few run at a time; the others wait in the order in which they came. */
export interface Slots {
  /** Runs `work` as soon as there is room. */
  with<Result>(work: () => Promise<Result>): Promise<Result>
}

export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = []
  let free = count
  return {
    async with(work) {
      if (free > 0) free--
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else free++
      }
    },
  }
}
