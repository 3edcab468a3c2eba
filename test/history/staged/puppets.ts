import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { historyOf, type ProcessHistory, type ReadEvent } from '../events.ts'
import type { Fault } from '../faults.ts'
import type { PuppetOptions, Step, Told } from './puppet.ts'

/** A process that does what it is told, see `puppet.ts`. */
export interface Puppet {
  /** Resolves when the step is done, to all that it has seen so far. */
  do(step: Step): Promise<Told>
  kill(): Promise<void>
  /** What it has told. */
  history(): ProcessHistory & { readonly reads: readonly ReadEvent[] }
}

const PROGRAM = new URL('./puppet.ts', import.meta.url)
const HOOKS = new URL('../fault.ts', import.meta.url).href

/** @param fault that is planted in it */
export async function startPuppet(
  options: PuppetOptions & { readonly process: number },
  fault?: Fault,
): Promise<Puppet> {
  const child: ChildProcess = fork(PROGRAM, [JSON.stringify(options)], {
    execArgv: fault ? ['--import', HOOKS] : [],
    env: { ...process.env, ...(fault && { HISTORY_FAULT: fault }) },
  })
  const ended = once(child, 'exit')
  const unexpected = ended.then(([code, signal]) => {
    throw new Error(`a process ended with ${signal ?? code}`)
  })
  unexpected.catch(() => {})
  const waiting = new Map<number, (told: Told) => void>()
  let steps = 0
  let last: Told | undefined
  await Promise.race([once(child, 'message'), unexpected])
  child.on('message', (told: Told) => {
    last = told
    waiting.get(told.step)!(told)
  })
  return {
    async do(step) {
      const number = ++steps
      const { promise, resolve } = Promise.withResolvers<Told>()
      waiting.set(number, resolve)
      child.send({ number, step })
      const told = await Promise.race([promise, unexpected])
      if (step.kind === 'end') await ended
      return told
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    history() {
      const { reads = [], polls = [], stalls = [] } = last ?? {}
      return { ...historyOf(options.process, { polls, stalls }), reads }
    },
  }
}
