import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import type { Stall } from './stops.ts'
import type { Claims } from './stores.ts'

/** One change of one key by a writer. Only one writer changes a key, so that a key's writes have an order. */
export interface WriteEvent {
  readonly key: number
  /**
   * Of its own, never used again, but for what a server that took over fell back to; 0 for a deletion.
   */
  readonly value: number
  /** When COMMIT, or the statement that commits itself, was about to be sent. */
  readonly sent: number
  /** When it was known to be committed. */
  readonly acknowledged: number
  /** Whether it was committed. A write that was not, or that a later one of its transaction hid, must never be seen. */
  readonly committed: boolean
  /** The process that made it through its repositories, and so sees it from then on; -1 for the others. */
  readonly by: number
}

/** A look of a process at the versions. */
export interface PollEvent {
  readonly begin: number
  readonly end: number
  readonly failed: boolean
}

export interface ReadEvent {
  readonly begin: number
  readonly end: number
  /** What was committed before this must be seen as the bound says: the read's begin, or its request's. */
  readonly since: number
  /** 0 outside of requests. */
  readonly request: number
  /** By what the row was asked for. */
  readonly by: (typeof ASKED)[keyof typeof ASKED]
  readonly key: number
  /** 0 where no row was found. */
  readonly value: number
}

export const ASKED = { id: 0, code: 1, list: 2 } as const

/** What one process did. */
export interface ProcessHistory {
  readonly process: number
  readonly polls: readonly PollEvent[]
  /** When it stood still, where processes are stopped. */
  readonly stalls: readonly Stall[]
  readonly writes: readonly WriteEvent[]
  /** What the readers themselves saw go wrong, such as two objects for one row in one request. */
  readonly complaints: readonly string[]
  /** Reads that failed, by what was wrong. */
  readonly failures: Readonly<Record<string, number>>
  readonly generations: number
  readonly storeHits: number
  readonly storeWrites: number
  readonly claims: Claims
}

/** The history of a process of which only this is known. */
export function historyOf(process: number, known: Partial<ProcessHistory>): ProcessHistory {
  return {
    ...{ process, polls: [], stalls: [], writes: [], complaints: [], failures: {} },
    ...{ generations: 0, storeHits: 0, storeWrites: 0, claims: { made: 0, refused: 0 } },
    ...known,
  }
}

const FIELDS = 7
const CHUNK = 8_192

/** Writes reads as plain numbers, for there are millions. */
export function createReadLog(path: string) {
  const file = openSync(path, 'w')
  const chunk = new Float64Array(CHUNK * FIELDS)
  let used = 0
  function flush(): void {
    if (used === 0) return
    writeSync(file, new Uint8Array(chunk.buffer, 0, used * 8))
    used = 0
  }
  return {
    add(read: ReadEvent): void {
      chunk[used++] = read.begin
      chunk[used++] = read.end
      chunk[used++] = read.since
      chunk[used++] = read.request
      chunk[used++] = read.by
      chunk[used++] = read.key
      chunk[used++] = read.value
      if (used === chunk.length) flush()
    },
    flush,
    close(): void {
      flush()
      closeSync(file)
    },
  }
}

export type ReadLog = ReturnType<typeof createReadLog>

/** Reads in the order in which they ended. */
export function* readsOf(path: string): Generator<ReadEvent> {
  const file = openSync(path, 'r')
  const chunk = new Float64Array(CHUNK * FIELDS)
  try {
    for (;;) {
      const bytes = readSync(file, new Uint8Array(chunk.buffer))
      if (bytes === 0) return
      // What a process was writing that was killed may lack its end.
      for (let at = 0; at + FIELDS <= bytes / 8; at += FIELDS) {
        yield {
          begin: chunk[at]!,
          end: chunk[at + 1]!,
          since: chunk[at + 2]!,
          request: chunk[at + 3]!,
          by: chunk[at + 4]! as ReadEvent['by'],
          key: chunk[at + 5]!,
          value: chunk[at + 6]!,
        }
      }
    }
  } finally {
    closeSync(file)
  }
}
