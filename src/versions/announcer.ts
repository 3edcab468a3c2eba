export interface AnnouncerOptions {
  /** Rings for the others. */
  send(note: string): Promise<void>
  /** A ring could not be sent. */
  failed(error: unknown): void
}

/** Rings for the others, at a bounded rate. */
export interface Announcer {
  /** Resolves when a ring that names these tables is sent. */
  announce(tables: Iterable<string>): Promise<void>
  /** Sends what could not be sent before. */
  flush(): void
  /** Resolves when everything is sent, or was tried once. */
  stop(): Promise<void>
}

/** Milliseconds between two rings. */
const GAP = 20
/** Milliseconds in which a ring is sent, or counts as lost. */
const TIMEOUT = 2_000

/** The first ring is sent at once; those that follow within a moment are sent together, as one. */
export function createAnnouncer({ send, failed }: AnnouncerOptions): Announcer {
  /** The tables to name, where a ring is still to be sent. */
  let unsent: Set<string> | undefined
  let waiting: PromiseWithResolvers<void> | undefined
  let pausing: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined

  function begin(): void {
    if (!unsent || sending || pausing) return
    const tables = unsent
    const waiters = waiting
    unsent = undefined
    waiting = undefined
    // The process waits for it: a command that has written may have nothing else to do.
    pausing = setTimeout(() => {
      pausing = undefined
      if (waiting) begin()
    }, GAP)
    sending = withinLimit(send(tables.size > 0 ? JSON.stringify([...tables]) : ''))
      .then(
        () => waiters?.resolve(),
        (error: unknown) => {
          unsent = new Set([...tables, ...(unsent ?? [])])
          failed(error)
          waiters?.reject(error)
        },
      )
      .finally(() => {
        sending = undefined
        if (waiting) begin()
      })
  }

  return {
    announce(tables) {
      unsent = new Set([...(unsent ?? []), ...tables])
      waiting ??= Promise.withResolvers<void>()
      const { promise } = waiting
      begin()
      return promise
    },
    flush: begin,
    async stop() {
      while (waiting || sending) await (sending ?? waiting?.promise.catch(() => {}))
      clearTimeout(pausing)
    },
  }
}

function withinLimit(sent: Promise<void>): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`The ring was not sent within ${TIMEOUT} ms.`)), TIMEOUT)
  return Promise.race([sent, promise]).finally(() => clearTimeout(timer))
}
