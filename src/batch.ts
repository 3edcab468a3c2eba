import type { Key } from './key.ts'
import { createTimeLimit } from './time-limit.ts'

/** How the batches of one unique key are sent. */
export interface BatchOptions<Answer> {
  /** What is read, for messages. */
  readonly what: string
  /** How long (ms) a key may take, whatever it waits for. */
  readonly timeout: number
  /** Sends keys and answers in their order; an Error as an answer rejects that key's callers alone. */
  send(keys: readonly Key[]): Promise<readonly (Answer | Error)[]>
  /** An answer that has become known since the key was asked, so that it need not be sent. */
  known?(key: Key): { readonly answer: Answer } | undefined
  /** More keys than this go in statements of their own. */
  readonly maxBatchSize: number
  /** How many bytes of keys the server takes in one statement. */
  maxBytes(): number
  /** How many statements may be under way at a time. */
  readonly maxInFlight: number
}

/** Gathers keys from all callers of the process into few statements. */
export interface Batch<Answer> {
  load(key: Key): Promise<Answer>
}

/**
 * How long (ms) keys wait for the statement before theirs. It is far above a round trip: only a stuck connection
 * reaches it, and the keys behind it then go on another.
 */
const GATHER_LIMIT = 50

interface Waiting<Answer> extends PromiseWithResolvers<Answer> {
  readonly key: Key
  readonly due: number
}

/**
 * Keys are sent at the end of the event-loop turn. Keys asked while a statement is under way are gathered for the
 * next one, unless they fill a batch or have waited too long. A key asked anew while its statement is under way is
 * sent anew: the caller may have written the row meanwhile.
 */
export function createBatch<Answer>(options: BatchOptions<Answer>): Batch<Answer> {
  // By JSON text: spellings that the server cannot tell apart are sent once.
  const gathered = new Map<string, Waiting<Answer>>()
  const limit = createTimeLimit<Waiting<Answer>>({
    ...options,
    expired(waiting) {
      if (gathered.get(waiting.key.json) === waiting) gathered.delete(waiting.key.json)
    },
  })
  let inFlight = 0
  let scheduled = false
  let patience: NodeJS.Timeout | undefined

  function schedule(): void {
    if (scheduled || gathered.size === 0 || inFlight >= options.maxInFlight) return
    if (inFlight > 0 && gathered.size < options.maxBatchSize) {
      patience ??= setTimeout(sendNow, GATHER_LIMIT)
      return
    }
    scheduled = true
    setImmediate(sendNow)
  }

  function sendNow(): void {
    scheduled = false
    clearTimeout(patience)
    patience = undefined
    if (inFlight < options.maxInFlight) void sendBatch(takeBatch())
    schedule()
  }

  function takeBatch(): Waiting<Answer>[] {
    const batch: Waiting<Answer>[] = []
    let room = options.maxBytes()
    for (const [json, waiting] of gathered) {
      // A UTF-16 unit is at most three bytes of UTF-8, and a comma follows.
      room -= json.length * 3 + 1
      if (batch.length === options.maxBatchSize || (room < 0 && batch.length > 0)) break
      gathered.delete(json)
      const known = options.known?.(waiting.key)
      if (known) {
        limit.done(waiting)
        waiting.resolve(known.answer)
      } else batch.push(waiting)
    }
    return batch
  }

  async function sendBatch(batch: readonly Waiting<Answer>[]): Promise<void> {
    if (batch.length === 0) return
    inFlight++
    try {
      const answers = await options.send(batch.map(({ key }) => key))
      for (const [index, { resolve, reject }] of batch.entries()) {
        const answer = answers[index]
        if (answer instanceof Error) reject(answer)
        else resolve(answer as Answer)
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    } finally {
      for (const waiting of batch) limit.done(waiting)
      inFlight--
      schedule()
    }
  }

  return {
    load(key) {
      let waiting = gathered.get(key.json)
      if (!waiting) {
        waiting = { key, due: limit.due(), ...Promise.withResolvers<Answer>() }
        gathered.set(key.json, waiting)
        limit.begin(waiting)
        schedule()
      }
      return waiting.promise
    },
  }
}
