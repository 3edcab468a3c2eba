import type { ChildProcess } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import { now } from './clock.ts'

/** A time in which a process stood still, in microseconds. */
export interface Stall {
  readonly begin: number
  readonly end: number
}

/** Milliseconds between two ticks, and from when on a process has stood still. */
const TICK = 5
const STALL = 25

/** Notes when this process stands still: it was stopped, or got no processor. */
export function watchStalls(): readonly Stall[] {
  const stalls: Stall[] = []
  let last = now()
  setInterval(() => {
    const begin = last
    last = now()
    if (last - begin > STALL * 1_000) stalls.push({ begin, end: last })
  }, TICK).unref()
  return stalls
}

/** A clock that stands still while the process does: how long it was up at a time. */
export function awakeClock(stalls: readonly Stall[]): (time: number) => number {
  if (stalls.length === 0) return (time) => time
  const before: number[] = []
  let sum = 0
  for (const { begin, end } of stalls) {
    before.push(sum)
    sum += end - begin
  }
  return (time) => {
    let low = 0
    let high = stalls.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (stalls[middle]!.begin < time) low = middle + 1
      else high = middle
    }
    const last = stalls[low - 1]
    return last ? time - before[low - 1]! - (Math.min(time, last.end) - last.begin) : time
  }
}

/** Stops processes at random, one or several at a time, wherever they are, and lets them go on. */
export async function stopProcesses(options: {
  readonly children: readonly ChildProcess[]
  readonly random: Random
  readonly stop: AbortSignal
}): Promise<number> {
  const { children, random, stop } = options
  let stops = 0
  while (!stop.aborted) {
    await pause(random.below(400), undefined, { signal: stop }).catch(() => {})
    const stopped = new Set([random.pick(children), random.pick(children)])
    for (const child of stopped) if (child.kill('SIGSTOP')) stops++
    await pause(20 + random.below(random.pick([60, 800])))
    for (const child of stopped) child.kill('SIGCONT')
  }
  return stops
}
