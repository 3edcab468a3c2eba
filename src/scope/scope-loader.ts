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
}

/** The answer to a key, perhaps on its way: one object, whose promise is made when somebody asks for it. */
export class Remembered<Answer> {
  /** The key, until it is answered. */
  key: Key | undefined
  /** What it comes with, until then, where it does not come alone. */
  arrival: Arrival | undefined = undefined
  /** An Error where there is none. */
  answer: Answer | Error | typeof PENDING = PENDING
  promise: Promise<Answer> | undefined = undefined

  constructor(key: Key | undefined) {
    this.key = key
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
    if (one.isSettled()) continue
    const { arrival } = one
    if (!arrival) awaited.push(one.promise!)
    else if (arrival !== last) awaited.push(arrival.arrived)
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
}

/** Keys that are loaded as one: DataLoader makes one promise for all of them. */
class KeyList<Answer> implements Arrival {
  readonly all: Remembered<Answer>[] = []
  arrived: Promise<unknown> = Promise.resolve()
}

type Load<Answer> = Remembered<Answer> | KeyList<Answer>

/** What a scope remembers by keys of one definition. DataLoader batches and memoizes them; this is its cache map. */
export class ScopeLoader<Found, Answer> implements DataLoader.CacheMap<Load<Answer>, Promise<Answer>> {
  /** The answers, perhaps on their way. What is forgotten disappears. */
  readonly byToken = new Map<Token, Remembered<Answer>>()
  readonly #options: ScopeLoaderOptions<Found, Answer>
  #loader: DataLoader<Load<Answer>, Answer> | undefined
  #gathered: KeyList<Answer> | undefined

  constructor(options: ScopeLoaderOptions<Found, Answer>) {
    this.#options = options
  }

  /** For a key that is not remembered. */
  load(key: Key): Promise<Answer> {
    return this.#loaded(new Remembered(key))
  }

  /** Adds a key that is not remembered to those that {@link loadGathered} loads. */
  gather(key: Key): Remembered<Answer> {
    this.#gathered ??= new KeyList()
    const one = new Remembered<Answer>(key)
    one.arrival = this.#gathered
    this.#gathered.all.push(one)
    this.#add(key.token, one)
    return one
  }

  loadGathered(): void {
    const list = this.#gathered
    this.#gathered = undefined
    if (list) void this.#loaded(list)
  }

  /** Takes an answer that is there; one that is remembered already, or on its way, stays. */
  keep({ token }: Key, answer: Answer): Remembered<Answer> {
    const known = this.byToken.get(token)
    if (known) return known
    const kept = new Remembered<Answer>(undefined)
    kept.settle(answer)
    this.#add(token, kept)
    return kept
  }

  forgetIf(test: (one: Remembered<Answer>) => boolean): void {
    for (const [token, one] of this.byToken) if (test(one)) this.byToken.delete(token)
  }

  /** DataLoader is asked for what is not remembered, and for nothing else. */
  get(): undefined {}

  set(load: Load<Answer>, promise: Promise<Answer>): void {
    if (load instanceof KeyList) load.arrived = promise
    else {
      load.promise = promise
      this.#add(load.key!.token, load)
    }
  }

  delete(load: Load<Answer>): void {
    for (const one of load instanceof KeyList ? load.all : [load]) this.#forget(one)
  }

  clear(): void {
    this.byToken.clear()
  }

  #loaded(load: Load<Answer>): Promise<Answer> {
    this.#loader ??= new DataLoader((loads) => this.#load(loads), {
      cacheMap: this,
      batchScheduleFn: this.#options.batch.beforeSending,
    })
    return this.#loader.load(load)
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
  async #load(loads: readonly Load<Answer>[]): Promise<(Answer | Error)[]> {
    const { batch, epoch, remember, answer } = this.#options
    const begun = epoch()
    const asked = flat(loads)
    const keys = asked.map(({ key }) => key!)
    // A key that was forgotten may be among them again.
    const found = await batch.loadAll(keys, { isDistinct: begun === 0 })
    const isCurrent = begun === epoch()
    // Each answer settles before the next one, which may be the same row under another spelling.
    for (let index = 0; index < asked.length; index++) {
      const one = found[index] as Found | Error
      const settled = one instanceof Error ? one : isCurrent ? remember(keys[index]!, one) : answer(one)
      if (settled instanceof Error) this.#forget(asked[index]!)
      asked[index]!.settle(settled)
    }
    // The answers of a list are in the list.
    return loads.map((load) => (load instanceof KeyList ? undefined : load.answer) as Answer | Error)
  }

  #dropOldest(): void {
    for (const oldest of this.byToken.keys()) {
      this.byToken.delete(oldest)
      return
    }
  }
}

function flat<Answer>(loads: readonly Load<Answer>[]): readonly Remembered<Answer>[] {
  const [first] = loads
  if (loads.length === 1 && first instanceof KeyList) return first.all
  return loads.flatMap((load) => (load instanceof KeyList ? load.all : load))
}
