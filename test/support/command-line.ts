import { spawn } from 'node:child_process'
import { resolve } from 'node:path'

export interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLine {
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
}

/** Runs the real `kysely-lookup`; killed, and so without an exit code, when it does not end by itself. */
export function runCommandLine({ args, env, cwd }: CommandLine): Promise<Outcome> {
  const { DATABASE_URL: _, ...inherited } = process.env
  const child = spawn(process.execPath, [resolve('src/cli/bin.ts'), ...args], {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 600_000, // several run at a time, and some wait for a time-out of their own
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text))
  const { promise, resolve: settle, reject } = Promise.withResolvers<Outcome>()
  child.on('error', reject)
  child.on('close', (code) => settle({ code, stdout, stderr }))
  return promise
}
