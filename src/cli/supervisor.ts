import { type ChildProcess, fork } from 'node:child_process'
import { extname, relative } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Notice, noticeIn, UNSETTLED } from './supervision.ts'

/** How a command ended: its exit code, or why it has none. */
export type Outcome = { readonly code: number } | { readonly failure: string }

const COMMAND = new URL(`./supervised-command${extname(import.meta.url)}`, import.meta.url)

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs a command line in a process of its own, and waits until it is done or can no longer be. */
export async function supervise(args: readonly string[]): Promise<Outcome> {
  // The user's modules print to standard error: standard output is for the command's result.
  const child = fork(fileURLToPath(COMMAND), args, { stdio: ['inherit', 2, 2, 'ipc'] })
  for (const signal of SIGNALS) {
    process.once(signal, () => {
      child.kill('SIGKILL')
      process.kill(process.pid, signal)
    })
  }
  const { promise, resolve } = Promise.withResolvers<Outcome>()
  const files = new Set<string>()
  let loading: { readonly file: string; readonly timer: NodeJS.Timeout } | undefined

  function take(notice: Notice): void {
    if ('output' in notice) process.stdout.write(notice.output)
    else if ('code' in notice) resolve(notice)
    else if ('loaded' in notice) stopTimer()
    else {
      const { timeout } = notice
      const file = relative(process.cwd(), notice.loading)
      const late = () => resolve({ failure: lateText(file, timeout) })
      loading = { file, timer: setTimeout(late, timeout) }
      files.add(file)
    }
  }

  function stopTimer(): void {
    clearTimeout(loading?.timer)
    loading = undefined
  }

  child.on('message', (message) => {
    const notice = noticeIn(message)
    if (notice) take(notice)
  })
  child.once('error', (error) => resolve({ failure: error.message }))
  const ended = endOf(child)
  ended.then((end) => resolve({ failure: endText(end, loading?.file, [...files]) }))
  const outcome = await promise
  stopTimer()
  // Exit listeners of the user's modules may still close something.
  if ('code' in outcome) await Promise.race([ended, delay(1_000)])
  child.kill('SIGKILL')
  return outcome
}

interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Resolves when the process has ended and its last message has arrived. */
async function endOf(child: ChildProcess): Promise<End> {
  const exited = new Promise<End>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )
  const disconnected = new Promise<void>((resolve) => child.once('disconnect', resolve))
  await disconnected
  return exited
}

function lateText(file: string, timeout: number): string {
  return `${file} was not loaded within ${timeout / 1000} s. A module that is loaded here should create its objects without waiting for a server. Move the waiting elsewhere, or allow more time with --timeout SECONDS.`
}

function endText({ code, signal }: End, loading: string | undefined, files: readonly string[]): string {
  const how = signal ?? `exit code ${code}`
  if (code === UNSETTLED && loading !== undefined) {
    return `${loading} never finishes loading: it waits for a promise that nothing settles. Do not wait for it while loading.`
  }
  if (loading !== undefined) {
    return `${loading} ended the process (${how}) while it was loading. Let it export its objects without ending the process.`
  }
  if (files.length > 0) {
    return `the process ended (${how}) before the command was done. Look for what ends it in ${files.join(', ')}.`
  }
  return `the process that ran the command ended (${how}).`
}
