/**
 * What the process that runs a command tells the one that supervises it. Two processes, for a command loads modules of
 * the user, which may end the process, never finish loading, or print what belongs to nobody.
 */
export type Notice =
  /** A text for standard output, which the user's modules cannot reach. */
  | { readonly output: string }
  /** A module of the user is being loaded, and may take this many milliseconds. */
  | { readonly loading: string; readonly timeout: number }
  | { readonly loaded: string }
  /** The command is done. */
  | { readonly code: number }

/** The exit code where the event loop has nothing left to do and the command waits all the same. Node has the same one. */
export const UNSETTLED = 13

/** Marks our messages: a user's module may send its own. */
const NOTICE = 'kysely-lookup'

/** Resolves when the notice is on its way; does nothing in a process that nobody supervises. */
export async function notify(notice: Notice): Promise<void> {
  await new Promise<void>((sent) => {
    if (process.send && process.connected) process.send({ [NOTICE]: notice }, () => sent())
    else sent()
  })
}

/** The notice in a message; undefined where it is none. */
export function noticeIn(message: unknown): Notice | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  return (message as { readonly [NOTICE]?: Notice })[NOTICE]
}

/** Prints to standard output. */
export async function print(text: string): Promise<void> {
  await notify({ output: text })
}

/** Loads something of the user's, within a time limit that the supervisor holds even where the event loop is blocked. */
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
