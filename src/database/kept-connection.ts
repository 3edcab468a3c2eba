export interface KeptConnectionOptions<Connection> {
  /** Resolves when the connection is open; `lost` is to be called when it is gone. It does not keep the process running. */
  connect(lost: (error: unknown) => void): Promise<Connection>
  /** Ends a connection. Never throws. */
  close(connection: Connection): void
  /** One is open. */
  connected?(connection: Connection): void
  /** It was lost, or could not be made; it is made again after a while. */
  failed(error: unknown): void
}

/** A connection that is made again whenever it is lost, until it is closed. */
export interface KeptConnection<Connection> {
  readonly current: Connection | undefined
  /** The try that is under way, or the last one. Rejects if it failed. */
  readonly attempt: Promise<Connection> | undefined
  open(): void
  close(): void
}

/** Milliseconds that a connection may take. */
const CONNECT_TIMEOUT = 10_000
/** Milliseconds before the first of several tries, and at most. */
const BACK_OFF = { first: 100, longest: 10_000 }

export function keepConnection<Connection>(
  options: KeptConnectionOptions<Connection>,
): KeptConnection<Connection> {
  let isOpen = false
  let current: Connection | undefined
  let attempt: Promise<Connection> | undefined
  let trying = false
  let retry: NodeJS.Timeout | undefined
  let failures = 0

  async function tryToConnect(): Promise<Connection> {
    let made: Connection | undefined
    let isLost = false
    const lost = (error: unknown) => {
      if (isLost) return
      isLost = true
      if (made === undefined) return
      options.close(made)
      if (made === current) failed(error)
    }
    // What throws at once is no different.
    const connection = await withinLimit((async () => options.connect(lost))(), options.close)
    if (isLost || !isOpen) {
      options.close(connection)
      throw new Error('The connection was lost while it was opened.')
    }
    made = connection
    return connection
  }

  function open(): void {
    isOpen = true
    if (trying || current !== undefined) return
    clearTimeout(retry)
    trying = true
    attempt = tryToConnect()
    attempt.then(
      (connection) => {
        trying = false
        current = connection
        failures = 0
        options.connected?.(connection)
      },
      (error: unknown) => {
        trying = false
        failed(error)
      },
    )
  }

  function failed(error: unknown): void {
    current = undefined
    if (!isOpen) return
    options.failed(error)
    const wait = Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** failures++)
    // Not all processes of a fleet at once.
    retry = setTimeout(open, wait * (0.5 + Math.random() / 2)).unref()
  }

  return {
    get current() {
      return current
    },
    get attempt() {
      return attempt
    },
    open,
    close() {
      isOpen = false
      clearTimeout(retry)
      const last = current
      current = undefined
      if (last !== undefined) options.close(last)
    },
  }
}

/** What comes too late is closed. */
async function withinLimit<Connection>(
  opened: Promise<Connection>,
  closeLate: (late: Connection) => void,
): Promise<Connection> {
  const { promise: expiry, reject } = Promise.withResolvers<never>()
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    reject(new Error(`No connection within ${CONNECT_TIMEOUT} ms.`))
  }, CONNECT_TIMEOUT).unref()
  opened.then(
    (connection) => isLate && closeLate(connection),
    () => {},
  )
  return Promise.race([opened, expiry]).finally(() => clearTimeout(timer))
}
