import { LookupError, LookupTimeoutError } from '../errors.ts'
import type { Key } from '../keys/key.ts'

/** In the place of an answer that has not come; an absent row's is undefined. */
const PENDING = Symbol('pending')

/** A caller that asked for some keys at one time. */
export class Asker<Answer> {
  /** When (ms, of `performance.now`) its time is over. */
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

  /** Returns whether that was the last answer. */
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

/** A key to be sent, its position among the asker's keys, and the next one that waits for the same key. */
export interface Waiting<Answer> {
  readonly key: Key
  readonly asker: Asker<Answer>
  readonly position: number
  /** Whether it was asked while its statement was under way. */
  joined: boolean
  next: Waiting<Answer> | undefined
}

/** Whether a caller still waits for the key. */
export function isAwaited<Answer>(waiting: Waiting<Answer>): boolean {
  for (let one: Waiting<Answer> | undefined = waiting; one; one = one.next)
    if (!one.asker.isDone()) return true
  return false
}

/** Takes out of the list those that asked while their statement was under way. */
export function takeJoined<Answer>(first: Waiting<Answer>): Waiting<Answer>[] {
  const joined: Waiting<Answer>[] = []
  let last = first
  for (let one = first.next; one; one = one.next) {
    if (one.joined) joined.push(one)
    else {
      last.next = one
      last = one
    }
  }
  last.next = undefined
  return joined
}

/**
 * Rejects askers that are not done within the time limit, which is the same for all.
 *
 * They are in an array that is replaced, not in a Set: V8 links each hash table that a Set has outgrown to its successor, so
 * that one old table would keep everything after it alive.
 */
export interface TimeLimit<Answer> {
  /** The time by which an asker that begins now must be done. */
  due(): number
  begin(asker: Asker<Answer>): void
  /** To be called once for each asker that is done in time. */
  done(): void
}

/** How many finished askers may pile up before they are swept out. */
const SLACK = 64

/** @see TimeLimit */
export function createTimeLimit<Answer>(options: {
  readonly what: string
  readonly timeout: number
}): TimeLimit<Answer> {
  const { what, timeout } = options
  // In the order begun, which is the order in which they are due.
  let begun: Asker<Answer>[] = []
  let open = 0
  let timer: NodeJS.Timeout | undefined

  function expire(): void {
    const now = performance.now()
    const error = new LookupTimeoutError(what, timeout)
    timer = undefined
    const late = begun.filter((asker) => !asker.isDone() && asker.due <= now)
    begun = begun.filter((asker) => !asker.isDone() && asker.due > now)
    open = begun.length
    if (begun[0]) timer = setTimeout(expire, begun[0].due - now)
    for (const asker of late) asker.reject(error)
  }

  return {
    due: () => performance.now() + timeout,
    begin(asker) {
      if (begun.length > 2 * open + SLACK) begun = begun.filter((one) => !one.isDone())
      begun.push(asker)
      open++
      timer ??= setTimeout(expire, timeout)
    },
    done() {
      if (--open > 0) return
      begun = []
      clearTimeout(timer)
      timer = undefined
    },
  }
}

export function tooManyWaiting(what: string, maxWaiting: number): LookupError {
  return new LookupError(
    'KYSELY_LOOKUP_TOO_MANY_WAITING',
    `${what}: more than ${maxWaiting} keys wait for the server. Is the server away, or are keys asked for faster than it answers? Ask for fewer keys at a time.`,
  )
}
