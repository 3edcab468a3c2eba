/** One command of the command line. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** The whole text of `--help`. */
  readonly help: string
  /** Runs with the arguments after the command's name and returns the exit code. */
  run(args: readonly string[]): Promise<number>
}

/** The exit code of a command that fails. For `check`, 1 means that it found something. */
export function failureCode(name: string | undefined): number {
  return name === 'check' ? 2 : 1
}

/** Wrong arguments; the message is for the terminal. */
export class UsageError extends Error {}

/** A failure that a person can fix; the message is all that is printed. */
export class CommandError extends Error {
  /** The message without the fix, if that was given separately. */
  readonly problem: string

  constructor(problem: string, { fix, cause }: { readonly fix?: string; readonly cause?: unknown } = {}) {
    super(fix === undefined ? problem : `${problem}. ${fix}`, { cause })
    this.problem = problem
  }
}
