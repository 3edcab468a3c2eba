import { randomUUID } from 'node:crypto'
import { keepConnection } from '../database/kept-connection.ts'
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

/**
 * A doorbell over one connection, which all that subscribe in this process share and which is made again when it is lost. Those of
 * one process ring each other directly.
 */
export function createConnectedDoorbell(options: ConnectedDoorbellOptions): Doorbell {
  const listeners = new Set<DoorbellListener>()
  /** Tells the rings of this process from those of others. */
  const from = randomUUID()
  const kept = keepConnection<DoorbellConnection>({
    connect: (lost) => options.connect({ heard, lost }),
    close: (connection) => void connection.close(),
    connected() {
      for (const listener of listeners) listener.listening()
    },
    failed(error) {
      for (const listener of listeners) listener.away(error)
    },
  })

  function heard(text?: string): void {
    const message = messageIn(text)
    if (message.from === from) return
    for (const listener of listeners) listener.ring(message.note)
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      // The subscriber has no subscription yet.
      if (kept.current) queueMicrotask(() => kept.current && listeners.has(listener) && listener.listening())
      kept.open()
      return {
        ...(options.announces && {
          async announce(note: string) {
            for (const other of listeners) if (other !== listener) other.ring(note)
            const connection = kept.current ?? (await kept.attempt)
            if (connection !== kept.current || !connection?.publish) throw new Error('The doorbell is away.')
            await connection.publish(JSON.stringify({ from, note }))
          },
        }),
        close() {
          listeners.delete(listener)
          if (listeners.size === 0) kept.close()
        },
      }
    },
  }
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
