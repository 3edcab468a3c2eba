import { randomUUID } from 'node:crypto'
import type { Doorbell, DoorbellListener } from './doorbell.ts'

/** What a connection reports. */
export interface ConnectionEvents {
  /** A ring came, with a text if there is one. */
  heard(text?: string): void
  /** Nothing is heard any more. */
  lost(error: unknown): void
}

/** A connection that is being listened to. */
export interface DoorbellConnection {
  /** Rings for the others; left out where it only listens. */
  publish?(text: string): Promise<unknown>
  /** Never rejects. */
  close(): Promise<void> | void
}

export interface ConnectedDoorbellOptions {
  /** Resolves when it hears. What it opens does not keep the process running. */
  connect(events: ConnectionEvents): Promise<DoorbellConnection>
  /** Whether its connections can ring. */
  readonly announces: boolean
}

/** Milliseconds that a connection may take. */
const CONNECT_TIMEOUT = 10_000
/** Milliseconds before the first of several tries, and at most. */
const BACK_OFF = { first: 100, longest: 10_000 }

/**
 * A doorbell over one connection, which all that subscribe in this process share and which is made again when it is lost. Those of
 * one process ring each other directly.
 */
export function createConnectedDoorbell(options: ConnectedDoorbellOptions): Doorbell {
  const listeners = new Set<DoorbellListener>()
  /** Tells the rings of this process from those of others. */
  const from = randomUUID()
  let connection: DoorbellConnection | undefined
  let attempt: Promise<DoorbellConnection> | undefined
  let retry: NodeJS.Timeout | undefined
  let failures = 0

  function open(): void {
    if (attempt || connection || listeners.size === 0) return
    clearTimeout(retry)
    const own: { connection?: DoorbellConnection; lost?: boolean } = {}
    const lost = (error: unknown) => {
      if (own.lost) return
      own.lost = true
      if (connection && connection === own.connection) {
        connection = undefined
        failed(error)
      }
      close(own.connection)
    }
    const opened = withinLimit(
      Promise.resolve().then(() => options.connect({ heard, lost })),
      close,
    )
    attempt = opened
    opened.then(
      (made) => {
        attempt = undefined
        own.connection = made
        if (own.lost || listeners.size === 0) {
          close(made)
          if (own.lost) failed(new Error('The connection was lost while it was opened.'))
          return
        }
        connection = made
        failures = 0
        for (const listener of listeners) listener.listening()
      },
      (error: unknown) => {
        attempt = undefined
        own.lost = true
        failed(error)
      },
    )
  }

  function failed(error: unknown): void {
    for (const listener of listeners) listener.away(error)
    if (listeners.size === 0) return
    const wait = Math.min(BACK_OFF.longest, BACK_OFF.first * 2 ** failures++)
    // Not all processes of a fleet at once.
    retry = setTimeout(open, wait * (0.5 + Math.random() / 2)).unref()
  }

  function heard(text?: string): void {
    const message = messageIn(text)
    if (message.from === from) return
    for (const listener of listeners) listener.ring(message.note)
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      // The subscriber has no subscription yet.
      if (connection) queueMicrotask(() => connection && listeners.has(listener) && listener.listening())
      open()
      return {
        ...(options.announces && {
          async announce(note: string) {
            for (const other of listeners) if (other !== listener) other.ring(note)
            const current = connection ?? (await attempt)
            if (!current?.publish) throw new Error('The doorbell is away.')
            await current.publish(JSON.stringify({ from, note }))
          },
        }),
        async close() {
          listeners.delete(listener)
          if (listeners.size > 0) return
          clearTimeout(retry)
          const last = connection
          connection = undefined
          await last?.close()
        },
      }
    },
  }
}

function close(connection: DoorbellConnection | undefined): void {
  void Promise.resolve(connection?.close()).catch(() => {})
}

/** What comes too late is closed. */
async function withinLimit(
  opened: Promise<DoorbellConnection>,
  closeLate: (late: DoorbellConnection) => void,
): Promise<DoorbellConnection> {
  const { promise: expiry, reject } = Promise.withResolvers<never>()
  let late = false
  const timer = setTimeout(() => {
    late = true
    reject(new Error(`No connection within ${CONNECT_TIMEOUT} ms.`))
  }, CONNECT_TIMEOUT).unref()
  opened.then(
    (connection) => late && closeLate(connection),
    () => {},
  )
  return Promise.race([opened, expiry]).finally(() => clearTimeout(timer))
}

/** Others may ring too, with any text. */
function messageIn(text: string | undefined): { readonly from?: unknown; readonly note?: string } {
  try {
    const { from, note } = JSON.parse(text ?? '')
    return { from, ...(typeof note === 'string' && { note }) }
  } catch {
    return {}
  }
}
