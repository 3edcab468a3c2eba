import type { LookupTimeoutError } from '../errors.ts'
import type { Key, Token } from '../keys/key.ts'
import { createTimeLimit } from './batch-timeout.ts'

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
  /** Answers in the order of the keys once all of them are there; never rejects. */
  loadAll(keys: readonly Key[]): Promise<readonly (Answer | Error)[]>
}

/**
 * How long (ms) keys wait for the statement before theirs. It is far above a round trip: only a stuck connection
 * reaches it, and the keys behind it then go on another.
 */
const GATHER_LIMIT = 50

/** In the place of an answer that has not come; an absent row's is undefined. */
const PENDING = Symbol('pending')

/** Somebody who asked for some keys at one time. */
class Asker<Answer> {
  readonly due: number
  readonly #answers: (Answer | Error | typeof PENDING)[]
  readonly #finish: (answers: readonly (Answer | Error)[]) => void
  /** How many answers are missing; none are once the time is over. */
  #missing: number

  constructor(asked: { due: number; keys: number; finish(answers: readonly (Answer | Error)[]): void }) {
    this.due = asked.due
    this.#missing = asked.keys
    this.#answers = new Array(asked.keys).fill(PENDING)
    this.#finish = asked.finish
  }

  isDone(): boolean {
    return this.#missing === 0
  }

  /** Says whether that was the last answer. */
  answer(position: number, answer: Answer | Error): boolean {
    if (this.#missing === 0) return false
    this.#answers[position] = answer
    if (--this.#missing > 0) return false
    this.#finish(this.#answers as (Answer | Error)[])
    return true
  }

  reject(error: LookupTimeoutError): void {
    this.#missing = 0
    this.#finish(this.#answers.map((answer) => (answer === PENDING ? error : answer)))
  }
}

/** A key that is to be sent, which of somebody's keys it is, and who else asked for it. */
interface Waiting<Answer> {
  readonly key: Key
  readonly asker: Asker<Answer>
  readonly position: number
  next: Waiting<Answer> | undefined
}

/**
 * Keys are sent at the end of the event-loop turn. Keys asked while a statement is under way are gathered for the
 * next one, unless they fill a batch or have waited too long. A key asked anew while its statement is under way is
 * sent anew: the caller may have written the row meanwhile.
 */
export function createBatch<Answer>(options: BatchOptions<Answer>): Batch<Answer> {
  // By token: spellings that the server cannot tell apart are sent once. Made anew for each batch, see createTimeLimit.
  let gathered = new Map<Token, Waiting<Answer>>()
  const limit = createTimeLimit<Asker<Answer>>(options)
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
    const rest = new Map<Token, Waiting<Answer>>()
    let room = options.maxBytes()
    for (const waiting of gathered.values()) {
      // A UTF-16 unit is at most three bytes of UTF-8, and a comma follows.
      room -= waiting.key.json.length * 3 + 1
      if (batch.length === options.maxBatchSize || (room < 0 && batch.length > 0)) {
        rest.set(waiting.key.token, waiting)
        continue
      }
      const known = options.known?.(waiting.key)
      if (known) settle(waiting, known.answer)
      else if (isAwaited(waiting)) batch.push(waiting)
    }
    gathered = rest
    return batch
  }

  async function sendBatch(batch: readonly Waiting<Answer>[]): Promise<void> {
    if (batch.length === 0) return
    inFlight++
    try {
      const answers = await options.send(batch.map(({ key }) => key))
      for (let index = 0; index < batch.length; index++)
        settle(batch[index]!, answers[index] as Answer | Error)
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error))
      for (const waiting of batch) settle(waiting, failure)
    } finally {
      inFlight--
      schedule()
    }
  }

  function settle(waiting: Waiting<Answer>, answer: Answer | Error): void {
    for (let one: Waiting<Answer> | undefined = waiting; one; one = one.next) {
      if (one.asker.answer(one.position, answer)) limit.done()
    }
  }

  function ask(keys: readonly Key[], finish: (answers: readonly (Answer | Error)[]) => void): void {
    const asker = new Asker<Answer>({ due: limit.due(), keys: keys.length, finish })
    for (let position = 0; position < keys.length; position++) {
      const key = keys[position]!
      const first = gathered.get(key.token)
      const waiting = { key, asker, position, next: first?.next }
      if (first) first.next = waiting
      else gathered.set(key.token, waiting)
    }
    limit.begin(asker)
    schedule()
  }

  return {
    load: (key) =>
      new Promise((resolve, reject) => {
        ask([key], ([answer]) => (answer instanceof Error ? reject(answer) : resolve(answer as Answer)))
      }),
    loadAll: (keys) =>
      new Promise((resolve) => {
        if (keys.length === 0) resolve([])
        else ask(keys, resolve)
      }),
  }
}

function isAwaited<Answer>(waiting: Waiting<Answer>): boolean {
  for (let one: Waiting<Answer> | undefined = waiting; one; one = one.next)
    if (!one.asker.isDone()) return true
  return false
}
