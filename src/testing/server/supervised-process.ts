import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** A command, and the file for its standard input. */
export interface Command {
  readonly argv: readonly string[]
  readonly input?: string
}

/** A process that ends with ours, however ours ends, and leaves no folder behind. */
export interface SupervisedProcess {
  /** The last lines of its output, for an error message. */
  lastLines(): readonly string[]
  /** Calls the listener with every line of its output. */
  onLine(listener: (line: string) => void): void
  /** Resolves when the process has ended, its folder is removed and its output is read. */
  readonly ended: Promise<void>
  /** Ends it and waits until it and its folder are gone. */
  stop(): Promise<void>
  /** From now on it does not keep our own process alive. */
  unref(): void
}

/**
 * Runs commands one after the other, each if the one before it succeeded, under a shell that holds the other end of a pipe from us. The
 * kernel closes the pipe however our process ends (exit, Ctrl-C, an uncaught error, kill -9). The shell then kills the command and removes
 * the folder, so no signal handlers are needed here. The shell has a session of its own, so that the terminal's Ctrl-C does not reach it
 * first.
 */
export function startSupervisedProcess(options: {
  readonly folder: string
  readonly commands: readonly Command[]
  /** Runs at the end, before the folder is removed. */
  readonly cleanup?: readonly string[]
  readonly env?: NodeJS.ProcessEnv
}): SupervisedProcess {
  const shell = spawn('/bin/sh', ['-c', supervisorScript(options)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: options.env,
  })
  const { stdin, stderr } = shell
  stdin.on('error', () => {}) // the shell may be gone already
  const ended = endOf(shell)
  const lines: string[] = []
  const listeners: ((line: string) => void)[] = []
  createInterface({ input: stderr }).on('line', (line) => {
    if (lines.push(line) > 20) lines.shift()
    for (const listener of listeners) listener(line)
  })
  // A child's pipes are sockets, whatever their declared type.
  const handles = [shell, stdin, stderr] as unknown as { ref(): void; unref(): void }[]
  return {
    lastLines: () => lines,
    onLine: (listener) => void listeners.push(listener),
    ended,
    stop() {
      for (const handle of handles) handle.ref()
      stdin.end()
      return ended
    },
    unref() {
      for (const handle of handles) handle.unref()
    },
  }
}

function endOf(shell: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  shell.once('close', () => resolve())
  shell.once('error', reject)
  promise.catch(() => {}) // its callers handle the rejection
  return promise
}

function supervisorScript(options: {
  readonly folder: string
  readonly commands: readonly Command[]
  readonly cleanup?: readonly string[]
}): string {
  const { folder, commands, cleanup } = options
  // $! rather than a variable, because a signal may come between the start of a command and an assignment.
  const stages = commands.map(
    ({ argv, input = '/dev/null' }) => `{ ${quote(argv)} <${quote([input])} 3<&- >&2 & wait $!; }`,
  )
  return `
    finish() {
      trap '' TERM
      kill -KILL $! $watcher
      wait
      ${cleanup ? `${quote(cleanup)} >/dev/null` : ':'}
      rm -rf -- ${quote([folder])}
      exit
    } 2>/dev/null
    trap finish TERM
    exec 3<&0
    { while read -r line; do :; done; kill -TERM $$; } <&3 &
    watcher=$!
    ${stages.join(' && ')}
    finish
  `
}

function quote(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
}
