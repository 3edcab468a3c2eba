import { AsyncLocalStorage } from 'node:async_hooks'
import { LookupError, LookupTimeoutError } from '../errors.ts'
import type { Token } from '../keys/identity.ts'
import type { Key } from '../keys/key.ts'

/** In the place of an answer that has not come; an absent row's is undefined. */
const PENDING = Symbol('pending')

/** A caller that asked for some keys at one time. */
export interface Asker<Answer> {
  /** When (ms, of `performance.now`) its time is over. */
  readonly due: number
  /** Whether it has been answered, or its time is over. */
  isDone(): boolean
  /** Returns whether that was the last answer. */
  answer(position: number, answer: Answer | Error): boolean
  reject(error: LookupTimeoutError): void
}

/** A caller that asked for one key. */
export class LoneAsker<Answer> implements Asker<Answer> {
  readonly due: number
  readonly #finish: (answer: Answer | Error) => void
  #done = false

  constructor(due: number, finish: (answer: Answer | Error) => void) {
    this.due = due
    this.#finish = finish
  }

  isDone(): boolean {
    return this.#done
  }

  answer(_position: number, answer: Answer | Error): boolean {
    if (this.#done) return false
    this.#done = true
    this.#finish(answer)
    return true
  }

  reject(error: LookupTimeoutError): void {
    this.#done = true
    this.#finish(error)
  }
}

/** A caller that asked for a list of keys, and is answered once all answers are there. */
export class ListAsker<Answer> implements Asker<Answer> {
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
export class Waiting<Answer> {
  readonly key: Key
  readonly asker: Asker<Answer>
  readonly position: number
  /** Whether it was asked while its statement was under way. */
  joined = false
  next: Waiting<Answer> | undefined = undefined

  constructor(key: Key, asker: Asker<Answer>, position: number) {
    this.key = key
    this.asker = asker
    this.position = position
  }
}

/** Among so many keys, a search from the first to the last takes no longer than one in a map. */
const FEW = 8

/** Keys that go into one statement, each once, in the order in which they came. */
export class WaitingKeys<Answer> {
  /** The first caller of each key. */
  readonly all: readonly Waiting<Answer>[]
  readonly #added: Waiting<Answer>[]
  /** Made when there are many to search among. */
  #byToken: Map<Token, Waiting<Answer>> | undefined

  constructor(all: Waiting<Answer>[] = []) {
    this.all = all
    this.#added = all
  }

  get(token: Token): Waiting<Answer> | undefined {
    if (this.all.length > FEW) {
      this.#byToken ??= new Map(this.all.map((one) => [one.key.token, one]))
      return this.#byToken.get(token)
    }
    for (const one of this.all) if (one.key.token === token) return one
    return undefined
  }

  /** @param instead the one whose place it takes, if one with its key is among them */
  put(first: Waiting<Answer>, instead: Waiting<Answer> | undefined): void {
    if (instead) this.#added[this.#added.indexOf(instead)] = first
    else this.#added.push(first)
    this.#byToken?.set(first.key.token, first)
  }
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

// A timer that is started in a request would hold on to that request's scope. Sockets keep the process alive as long as anybody waits.
const outsideRequests = AsyncLocalStorage.snapshot()

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
  // It goes on when nobody waits: to stop it and to start it again costs more than the rest.
  let timer: NodeJS.Timeout | undefined

  function start(delay: number): void {
    timer = outsideRequests(() => setTimeout(expire, delay).unref())
  }

  function expire(): void {
    const now = performance.now()
    timer = undefined
    const late = begun.filter((asker) => !asker.isDone() && asker.due <= now)
    begun = begun.filter((asker) => !asker.isDone() && asker.due > now)
    open = begun.length
    if (begun[0]) start(begun[0].due - now)
    if (late.length === 0) return
    const error = new LookupTimeoutError(what, timeout)
    for (const asker of late) asker.reject(error)
  }

  return {
    due: () => performance.now() + timeout,
    begin(asker) {
      if (begun.length > 2 * open + SLACK) begun = begun.filter((one) => !one.isDone())
      begun.push(asker)
      open++
      if (!timer) start(timeout)
    },
    done() {
      if (--open === 0) begun = []
    },
  }
}

export function tooManyWaiting(what: string, maxWaiting: number): LookupError {
  return new LookupError(
    'KYSELY_LOOKUP_TOO_MANY_WAITING',
    `${what}: more than ${maxWaiting} keys wait for the server. Is the server away, or are keys asked for faster than it answers? Ask for fewer keys at a time.`,
  )
}
