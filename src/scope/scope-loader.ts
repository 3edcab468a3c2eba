import DataLoader from 'dataloader'
import type { Token } from '../keys/identity.ts'
import type { Key } from '../keys/key.ts'

/** How many answers a scope remembers of each key: a request needs far fewer, and a websocket's scope must not grow for ever. */
export const MAX_REMEMBERED = 200_000

/** In the place of an answer that is on its way. */
const PENDING = Symbol('pending')

/** Brings the answers to several keys. */
export interface Arrival {
  readonly arrived: Promise<unknown>
  /** Whether it is too late for other keys to come with them. */
  readonly isSent: boolean
}

/** The answer to a key, perhaps on its way: one object, whose promise is made when somebody asks for it. */
export class Remembered<Answer> {
  /** The key, until it is answered. */
  key: Key | undefined
  /** What it comes with, until then. */
  arrival: Arrival | undefined
  /** An Error where there is none. */
  answer: Answer | Error | typeof PENDING = PENDING
  promise: Promise<Answer> | undefined = undefined

  constructor(key: Key | undefined, arrival: Arrival | undefined) {
    this.key = key
    this.arrival = arrival
  }

  isSettled(): boolean {
    return this.answer !== PENDING
  }

  settle(answer: Answer | Error): void {
    this.answer = answer
    this.key = undefined
    this.arrival = undefined
  }
}

/** @throws the error in place of an answer that has come. */
export function answerOf<Answer>({ answer }: Remembered<Answer>): Answer {
  if (answer instanceof Error) throw answer
  return answer as Answer
}

export function promiseOf<Answer>(remembered: Remembered<Answer>): Promise<Answer> {
  remembered.promise ??= remembered.isSettled()
    ? Promise.resolve(answerOf(remembered))
    : remembered.arrival!.arrived.then(() => answerOf(remembered))
  return remembered.promise
}

/** Resolves when all are answered. */
export async function arrivalOf(all: readonly Remembered<unknown>[]): Promise<void> {
  const awaited: Promise<unknown>[] = []
  let last: Arrival | undefined
  for (const one of all) {
    const { arrival } = one
    if (arrival && arrival !== last) awaited.push(arrival.arrived)
    last = arrival
  }
  await Promise.all(awaited)
}

/** Loads keys of one definition for all scopes. */
export interface KeyBatch<Found> {
  /** Answers in the order of the keys, and never rejects; an Error concerns its key alone. */
  loadAll(
    keys: readonly Key[],
    options: { readonly isDistinct: boolean },
  ): Promise<readonly (Found | Error)[]>
  /** Calls back at the end of the turn, just before such keys are sent. */
  beforeSending(gather: () => void): void
}

export interface ScopeLoaderOptions<Found, Answer> {
  readonly batch: KeyBatch<Found>
  /** Moves when loads under way are out of date: these are answered, and not remembered. */
  epoch(): number
  /** The answer that the scope remembers from now on; an Error where it may not be answered. */
  remember(key: Key, found: Found): Answer | Error
  answer(found: Found): Answer
  /** Called with what is found for a key, before the key is answered. */
  found?(key: Key, one: Remembered<Answer>, found: Found | Error): void
}

/** The keys of one turn of the event loop, which are one load: DataLoader makes one promise for all of them. */
class KeyList<Answer> implements Arrival {
  readonly all: Remembered<Answer>[] = []
  arrived: Promise<void> = Promise.resolve()
  isSent = false
}

/** What a scope remembers by keys of one definition. DataLoader batches and memoizes them; this is its cache map. */
export class ScopeLoader<Found, Answer> implements DataLoader.CacheMap<KeyList<Answer>, Promise<void>> {
  /** The answers, perhaps on their way. What is forgotten disappears. */
  readonly byToken = new Map<Token, Remembered<Answer>>()
  readonly #options: ScopeLoaderOptions<Found, Answer>
  #loader: DataLoader<KeyList<Answer>, void> | undefined
  /** The list that keys are added to, until it is sent. */
  #gathering: KeyList<Answer> | undefined

  constructor(options: ScopeLoaderOptions<Found, Answer>) {
    this.#options = options
  }

  /** For a key that is not remembered: loads it at the end of the turn. */
  load(key: Key): Remembered<Answer> {
    this.#gathering ??= this.#begin()
    const one = new Remembered<Answer>(key, this.#gathering)
    this.#gathering.all.push(one)
    this.#add(key.token, one)
    return one
  }

  /** Takes an answer that is there; one that is remembered already, or on its way, stays. */
  keep({ token }: Key, answer: Answer): Remembered<Answer> {
    const known = this.byToken.get(token)
    if (known) return known
    const kept = new Remembered<Answer>(undefined, undefined)
    kept.settle(answer)
    this.#add(token, kept)
    return kept
  }

  forgetIf(test: (one: Remembered<Answer>) => boolean): void {
    for (const [token, one] of this.byToken) if (test(one)) this.byToken.delete(token)
  }

  /** DataLoader is asked for what is not remembered, and for nothing else. */
  get(): undefined {}

  set(list: KeyList<Answer>, arrived: Promise<void>): void {
    list.arrived = arrived
  }

  delete({ all }: KeyList<Answer>): void {
    for (const one of all) this.#forget(one)
  }

  clear(): void {
    this.byToken.clear()
  }

  #begin(): KeyList<Answer> {
    this.#loader ??= new DataLoader((lists) => this.#load(lists), {
      cacheMap: this,
      batchScheduleFn: this.#options.batch.beforeSending,
    })
    const list = new KeyList<Answer>()
    void this.#loader.load(list)
    return list
  }

  #add(token: Token, one: Remembered<Answer>): void {
    this.byToken.set(token, one)
    if (this.byToken.size > MAX_REMEMBERED) this.#dropOldest()
  }

  /** Unless something else has taken its place. */
  #forget(one: Remembered<Answer>): void {
    const { key } = one
    if (key && this.byToken.get(key.token) === one) this.byToken.delete(key.token)
  }

  /** A failure is not remembered. What was forgotten meanwhile does not come back. */
  async #load([list]: readonly KeyList<Answer>[]): Promise<[undefined]> {
    const options = this.#options
    const { batch, epoch, remember, answer } = options
    this.#gathering = undefined
    list!.isSent = true
    const begun = epoch()
    const { all } = list!
    const keys = all.map(({ key }) => key!)
    // A key that was forgotten may be among them again.
    const found = await batch.loadAll(keys, { isDistinct: begun === 0 })
    const isCurrent = begun === epoch()
    // Each answer settles before the next one, which may be the same row under another spelling.
    for (let index = 0; index < all.length; index++) {
      const one = found[index] as Found | Error
      options.found?.(keys[index]!, all[index]!, one)
      const settled = one instanceof Error ? one : isCurrent ? remember(keys[index]!, one) : answer(one)
      if (settled instanceof Error) this.#forget(all[index]!)
      all[index]!.settle(settled)
    }
    return [undefined]
  }

  #dropOldest(): void {
    for (const oldest of this.byToken.keys()) {
      this.byToken.delete(oldest)
      return
    }
  }
}
