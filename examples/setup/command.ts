import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** A command line, as a user would type it after `npx`. */
export interface Command {
  /** The program's file, run by this Node. */
  readonly program: string
  readonly args: readonly string[]
  readonly databaseUrl: string
  /** Whether it gets the terminal, for a progress bar. */
  readonly show?: boolean
}

/** Runs a command and resolves to its output, or to nothing if the output was shown. Rejects with the first line of its error. */
export async function runCommand({ program, args, databaseUrl, show = false }: Command): Promise<string> {
  const child = spawn(process.execPath, [program, ...args], {
    cwd: root,
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', show ? 'inherit' : 'pipe', 'pipe'],
  })
  const [output, errors, [code]] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    text(child.stderr!),
    once(child, 'close'),
  ])
  if (code === 0) return stripVTControlCharacters(output)
  const reason = stripVTControlCharacters(errors)
    .split('\n')
    .find((line) => line.trim() !== '')
  throw new Error(reason?.trim() ?? `ended with code ${code}`)
}
