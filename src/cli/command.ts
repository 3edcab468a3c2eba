/** One command of the command line. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The whole text of `--help`. */
  readonly help: string
  /** Runs with the arguments behind the command's name and answers the exit code. */
  run(args: readonly string[]): Promise<number>
}

/** The exit code of a command that cannot do its work. For `check` 1 means that it found something. */
export function failureCode(name: string | undefined): number {
  return name === 'check' ? 2 : 1
}

/** The arguments make no sense; the message is for the terminal. */
export class UsageError extends Error {}

/** The command cannot do its work for a reason that a person can fix; the message is the whole answer. */
export class CommandError extends Error {
  /** The message without what to do, where that was said apart. */
  readonly problem: string

  constructor(problem: string, { fix, cause }: { readonly fix?: string; readonly cause?: unknown } = {}) {
    super(fix === undefined ? problem : `${problem}. ${fix}`, { cause })
    this.problem = problem
  }
}
