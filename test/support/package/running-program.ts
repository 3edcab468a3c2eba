import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** A server that runs in a process group of its own. */
export interface RunningProgram extends AsyncDisposable {
  /** What it has printed. */
  output(): string
  /** Ends it as Ctrl-C does, and resolves to its exit code. */
  stop(): Promise<number | null>
}

/** Starts a Node program and waits until it prints what `ready` finds. */
export async function startProgram(options: {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly ready: RegExp
}): Promise<RunningProgram> {
  const { args, cwd, env, ready } = options
  const child: ChildProcess = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      if (ready.test(output)) resolve()
    })
  }
  ended.then((code) => reject(new Error(`${args[0]} ended with ${code}:\n${output}`)))
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGTERM')
    return await ended
  }
  await promise
  return {
    output: () => output,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
    },
  }
}
