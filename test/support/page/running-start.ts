import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { closedAfterFile } from '../closing.ts'

const start = fileURLToPath(new URL('../../../examples/start.ts', import.meta.url))
const useSources = new URL('./use-sources.ts', import.meta.url)

/** What `npm start` runs, on the sources. */
export interface RunningStart extends AsyncDisposable {
  /** Of the page. */
  readonly url: string
  /** Of its process group. */
  readonly pid: number
  /** Everything that it has printed. */
  output(): string
  /** As Ctrl-C does it; answers the exit code, and `null` where it had to be killed. */
  interrupt(): Promise<number | null>
}

export async function runStart({ databaseUrl }: { readonly databaseUrl: string }): Promise<RunningStart> {
  const { NODE_OPTIONS = '', ...env } = process.env
  const child = spawn(process.execPath, [start, '--port', '0'], {
    env: { ...env, DATABASE_URL: databaseUrl, NODE_OPTIONS: `${NODE_OPTIONS} --import=${useSources.href}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    // The terminal's Ctrl-C reaches all of a group.
    detached: true,
  })
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const opened = Promise.withResolvers<string>()
  let output = ''
  const listen = (line: string) => {
    output += `${line}\n`
    const url = /^Open (http:\S+)/.exec(line)?.[1]
    if (url) opened.resolve(url)
  }
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream! }).on('line', listen)
  ended.then((code) => opened.reject(new Error(`it ended with code ${code} and said:\n${output}`)))
  const interrupt = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGINT')
    return await ended
  }
  return closedAfterFile({
    url: await opened.promise,
    pid: child.pid!,
    output: () => output,
    interrupt,
    async [Symbol.asyncDispose]() {
      await interrupt()
    },
  })
}
