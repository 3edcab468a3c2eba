import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { PollingReport, PollingTask } from './polling-process.ts'

const PROGRAM = fileURLToPath(new URL('./polling-process.ts', import.meta.url))

/** A process of its own, see `polling-process.ts`. */
export interface PollingProcess extends AsyncDisposable {
  report(): Promise<PollingReport>
  /** Resolves when it reads this name from the row 1. */
  reads(name: string | null): Promise<void>
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void
}

export async function startPolling(task: PollingTask): Promise<PollingProcess> {
  const child: ChildProcess = fork(PROGRAM, [JSON.stringify(task)])
  const exit = once(child, 'exit')
  await Promise.race([
    once(child, 'message'),
    exit.then(([code]) => Promise.reject(new Error(`the process ended with ${code}`))),
  ])

  async function report(): Promise<PollingReport> {
    const reply = once(child, 'message')
    child.send('report')
    return (await reply)[0] as PollingReport
  }

  return {
    report,
    async reads(name) {
      while ((await report()).name !== name) await pause(10)
    },
    signal: (signal) => void child.kill(signal),
    async [Symbol.asyncDispose]() {
      child.kill('SIGCONT')
      if (child.connected) child.send('end')
      await exit
    },
  }
}
