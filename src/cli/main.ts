import { readFile } from 'node:fs/promises'
import { check } from './check.ts'
import { type Command, failureCode, UsageError } from './command.ts'
import { describeFailure } from './failure.ts'
import { generate } from './generate.ts'
import { store } from './store.ts'
import { print } from './supervision.ts'
import { watch } from './watch.ts'

const COMMANDS: readonly Command[] = [generate, check, watch, store]

const HELP = `Usage: kysely-lookup <command> [options]

Commands:
${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

  kysely-lookup <command> --help   what a command does, and its options
  -v, --version                    the version
  -h, --help                       this text
`

/** Runs a command line and returns its exit code; 2 for wrong arguments. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  try {
    return await dispatch(name, rest)
  } catch (error) {
    const usage = error instanceof UsageError || isParseArgsError(error)
    const message = usage ? firstSentence(describeFailure(error)) : describeFailure(error)
    const hint = usage
      ? `. See kysely-lookup ${COMMANDS.some((one) => one.name === name) ? `${name} ` : ''}--help`
      : ''
    console.error(`kysely-lookup: ${message}${hint}`)
    return usage ? 2 : failureCode(name)
  }
}

async function dispatch(name: string | undefined, args: readonly string[]): Promise<number> {
  if (name === '--version' || name === '-v') return await answer(`${await version()}\n`)
  if (name === '--help' || name === '-h' || name === 'help') {
    const about = args[0] === undefined ? HELP : command(args[0]).help
    return await answer(about)
  }
  if (name === undefined) throw new UsageError('a command is missing')
  const chosen = command(name)
  if (args.includes('--help') || args.includes('-h')) return await answer(chosen.help)
  return await chosen.run(args)
}

function command(name: string): Command {
  const found = COMMANDS.find((one) => one.name === name)
  if (found) return found
  throw new UsageError(name.startsWith('-') ? `unknown option '${name}'` : `unknown command '${name}'`)
}

async function answer(text: string): Promise<number> {
  await print(text)
  return 0
}

async function version(): Promise<string> {
  const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return JSON.parse(manifest).version
}

function isParseArgsError(error: unknown): boolean {
  return String((error as { code?: unknown })?.code).startsWith('ERR_PARSE_ARGS_')
}

function firstSentence(message: string): string {
  return message.split('. ')[0] ?? message
}
