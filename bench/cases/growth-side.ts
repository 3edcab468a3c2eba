/** A hit by primary key where as many rows are held: nanoseconds, over 65,536 of them at most. */
import { createRandom } from '../../test/support/random.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { openNumbers } from '../sides/numbers.ts'
import { startStopwatch } from '../stopwatch.ts'

export interface GrowthOptions {
  readonly [name: string]: string | number | boolean
  readonly rows: number
  readonly reads: number
}

const HOT = 65_536

export async function prepare(task: Task): Promise<Measured> {
  const { rows, reads } = task.options as GrowthOptions
  const { number, close } = await openNumbers({ url: task.url, rows, variant: task.side.variant ?? '' })
  const ids = createRandom(1)
    .shuffled(Array.from({ length: rows }, (_, index) => index + 1))
    .slice(0, HOT)
  for (const id of ids) await number(id)
  return {
    async round() {
      let found = 0
      let next = 0
      const times = startStopwatch()
      for (let count = 0; count < reads; count++) {
        if (await number(ids[next]!)) found++
        if (++next === ids.length) next = 0
      }
      const { wall, cpu } = times()
      if (found !== reads) throw new Error(`${reads - found} reads found nothing`)
      return { nanoseconds: wall / reads, cpu: cpu / reads }
    },
    close,
  }
}
