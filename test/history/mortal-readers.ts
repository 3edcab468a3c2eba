import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import type { Random } from '../support/random.ts'
import type { ServiceOptions } from './service.ts'

/** How processes that were meant to end ended. */
export interface Deaths {
  /** What they were given, in the order in which they began. */
  readonly plans: readonly ServiceOptions[]
  /** By SIGKILL. */
  readonly killed: number
  /** By a signal of their own, as where a mapped file is cut short. */
  readonly crashed: number
}

/** The signals by which a process ends that meets a damaged page. */
const CRASHES: ReadonlySet<string> = new Set(['SIGBUS', 'SIGSEGV', 'SIGABRT'])

export interface MortalReaders {
  /** Resolves when the first of them read. */
  readonly begun: Promise<unknown>
  /** Resolves when the run has stopped and none is left. */
  readonly ended: Promise<Deaths>
}

/** Starts readers, kills each after a while, and starts another one in its place, until the run stops. */
export function startMortalReaders(options: {
  readonly count: number
  readonly random: Random
  /** Milliseconds that a reader lives at most. */
  readonly life: number
  readonly stop: AbortSignal
  plan(): ServiceOptions
  start(plan: ServiceOptions): ChildProcess
}): MortalReaders {
  const { random, stop } = options
  const plans: ServiceOptions[] = []
  let killed = 0
  let crashed = 0

  async function live(begun?: () => void): Promise<void> {
    const plan = options.plan()
    plans.push(plan)
    const child = options.start(plan)
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>
    const stopped = once(stop, 'abort')
    try {
      await Promise.race([once(child, 'message'), ended, stopped])
      if (child.connected && !stop.aborted) child.send('go')
      begun?.()
      await Promise.race([
        ended,
        pause(options.life / 4 + random.below(options.life), undefined, { signal: stop }),
      ])
    } catch {
      // The run has stopped.
    }
    child.kill('SIGKILL')
    const [code, signal] = await ended
    if (signal === 'SIGKILL') killed++
    else if (signal !== null && CRASHES.has(signal)) crashed++
    else throw new Error(`a reader ended with ${signal ?? code}`)
  }

  const starts = Array.from({ length: options.count }, () => Promise.withResolvers<void>())
  const lives = starts.map(async ({ resolve }) => {
    await live(resolve)
    while (!stop.aborted) await live()
  })
  return {
    begun: Promise.all(starts.map(({ promise }) => promise)),
    ended: Promise.all(lives).then(() => ({ plans, killed, crashed })),
  }
}
