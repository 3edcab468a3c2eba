import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, dirname } from 'node:path'
import { text } from 'node:stream/consumers'

/** One command line, as a user would type it in `cwd`. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

export interface CommandResult {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Set by the test runner and by an npm that runs it, for this program and this package only. */
const FOREIGN = /^(NODE_(OPTIONS|TEST_CONTEXT|V8_COVERAGE)|npm_(package|lifecycle)_.*)$/

/** Runs a command with this Node first on its path. */
export async function runCommand({ program, args, cwd, env = {} }: Command): Promise<CommandResult> {
  const inherited = Object.entries(process.env).filter(([name]) => !FOREIGN.test(name))
  const child = spawn(program, args, {
    cwd,
    env: {
      ...Object.fromEntries(inherited),
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, output, errors }
}

/** Answers what the command printed; rejects where it fails. */
export async function expectCommand(command: Command): Promise<string> {
  const { code, output, errors } = await runCommand(command)
  if (code === 0) return output
  throw new Error(
    `${command.program} ${command.args.join(' ')}: expected exit code 0, got ${code}.\n${output}${errors}`,
  )
}
