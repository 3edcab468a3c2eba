import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The example service, running in a process of its own. */
export interface ServiceProcess extends AsyncDisposable {
  readonly url: string
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>
}

export interface ServiceOptions {
  readonly databaseUrl: string
  /** By default a free port. */
  readonly port?: number
  /** Modules that Node loads before the service. */
  readonly preload?: readonly URL[]
  /** The program to run, if it is not just the service. */
  readonly program?: URL
  readonly env?: Readonly<Record<string, string>>
}

const service = new URL('../service/main.ts', import.meta.url)
const followParent = new URL('./follow-parent.ts', import.meta.url)

/** Starts the service and waits until it listens. */
export async function startService(options: ServiceOptions): Promise<ServiceProcess> {
  const { databaseUrl, port = 0, preload = [], program = service, env } = options
  const imports = [followParent, ...preload].flatMap(({ href }) => ['--import', href])
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...imports, fileURLToPath(program)],
    {
      env: { ...process.env, ...env, DATABASE_URL: databaseUrl, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  )
  const ended = once(child, 'close').then(() => {})
  const listening = Promise.withResolvers<string>()
  createInterface({ input: child.stdout! }).on('line', (line) => {
    const url = /^listening on (http:\S+)$/.exec(line)?.[1]
    if (url) listening.resolve(url)
  })
  const complaints: string[] = []
  const keepComplaint = (chunk: Buffer) => void complaints.push(String(chunk))
  child.stderr!.on('data', keepComplaint)
  ended.then(() => listening.reject(startFailure(complaints.join(''))), listening.reject)
  const url = await listening.promise
  child.stderr!.off('data', keepComplaint).pipe(process.stderr)
  return {
    url,
    ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** The line of a stack trace that says what went wrong. */
function startFailure(complaint: string): Error {
  const lines = complaint.split('\n').filter((line) => line.trim() !== '')
  const reason = lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines.at(-1) ?? 'it does not say why'
  return new Error(`the service ended before it listened: ${reason}`)
}
