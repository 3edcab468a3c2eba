import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface BusyTask {
  readonly path: string
  /** How often each one opens the store. */
  readonly rounds: number
}

/** They use the store; or they open its file, and that is all. */
export type BusyProgram = 'busy-process' | 'opening-process'

/** How processes ended that use a store: each one's code, or the name of the signal. */
export interface BusyProcesses extends AsyncDisposable {
  readonly ends: Promise<readonly (number | string)[]>
}

export interface BusyOptions {
  readonly count: number
  readonly program: BusyProgram
  readonly task: BusyTask
}

export function startBusyProcesses({ count, program, task }: BusyOptions): BusyProcesses {
  const path = fileURLToPath(new URL(`./${program}.ts`, import.meta.url))
  const children = Array.from({ length: count }, () => fork(path, [JSON.stringify(task)]))
  const ends = Promise.all(children.map(endOf))
  return {
    ends,
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL')
      await ends
    },
  }
}

async function endOf(child: ChildProcess): Promise<number | string> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null]
  return signal ?? code!
}
