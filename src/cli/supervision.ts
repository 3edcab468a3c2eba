/**
 * What the process that runs a command tells the process that supervises it. A command loads modules of the user, which may end
 * their process, never finish loading, or print to standard output.
 */
export type Notice =
  /** Text for standard output, which the user's modules cannot reach. */
  | { readonly output: string }
  /** A module of the user is loading, and may take this long (ms). */
  | { readonly loading: string; readonly timeout: number }
  | { readonly loaded: string }
  /** The command is done. */
  | { readonly code: number }

/** The exit code if the command still waits when the event loop is empty, as in Node. */
export const UNSETTLED = 13

/** Marks these messages: a user's module may send its own. */
const NOTICE = 'kysely-lookup'

/** Resolves when the notice is sent. Does nothing in a process without a supervisor. */
export async function notify(notice: Notice): Promise<void> {
  await new Promise<void>((sent) => {
    if (process.send && process.connected) process.send({ [NOTICE]: notice }, () => sent())
    else sent()
  })
}

/** The notice in a message, if there is one. */
export function noticeIn(message: unknown): Notice | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  return (message as { readonly [NOTICE]?: Notice })[NOTICE]
}

/** Prints to standard output. */
export async function print(text: string): Promise<void> {
  await notify({ output: text })
}

/** Loads something of the user's within a time limit. The supervisor enforces it even if the event loop is blocked. */
export async function whileLoading<T>(
  { file, timeout }: { readonly file: string; readonly timeout: number },
  load: () => Promise<T>,
): Promise<T> {
  await notify({ loading: file, timeout })
  try {
    return await load()
  } finally {
    await notify({ loaded: file })
  }
}
