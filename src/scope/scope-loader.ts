import DataLoader from 'dataloader'
import type { Token } from '../keys/identity.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'

/** How many answers a scope remembers of each key: a request needs far fewer, and a websocket's scope must not grow for ever. */
export const MAX_REMEMBERED = 200_000

/** Loads keys of one definition for all scopes. */
export interface KeyBatch<Found> {
  /** Answers in the order of the keys, and never rejects; an Error concerns its key alone. */
  loadAll(keys: readonly Key[]): Promise<readonly (Found | Error)[]>
  /** Calls back at the end of the turn, just before such keys are sent. */
  beforeSending(gather: () => void): void
}

export interface ScopeLoaderOptions<Found, Answer> {
  batchOf(definition: KeyDefinition): KeyBatch<Found>
  /** Moves when loads under way are out of date: these are answered, and not remembered. */
  epoch(): number
  /** The answer that the scope remembers from now on; an Error where it may not be answered. */
  remember(key: Key, found: Found): Answer | Error
  answer(found: Found): Answer
}

/** The answers that a scope has for keys of one table. */
export class ScopeLoader<Found, Answer> {
  readonly #options: ScopeLoaderOptions<Found, Answer>
  readonly #byDefinition = new Map<KeyDefinition, AnswersOfDefinition<Found, Answer>>()

  constructor(options: ScopeLoaderOptions<Found, Answer>) {
    this.#options = options
  }

  /** The answer to the key, perhaps still on its way. */
  find({ definition, token }: Key): Promise<Answer> | undefined {
    return this.#byDefinition.get(definition)?.promises.get(token)
  }

  /** All answers by keys of a definition that was asked for, perhaps still on their way: what is forgotten later disappears. */
  promisesBy(definition: KeyDefinition): ReadonlyMap<Token, Promise<Answer>> {
    return this.#of(definition).promises
  }

  /** The answer to the key, once it is there. */
  findSettled({ definition, token }: Key): Answer | undefined {
    return this.#byDefinition.get(definition)?.settled.get(token)
  }

  /** All answers by keys of a definition that are there. */
  settledBy(definition: KeyDefinition): Iterable<Answer> {
    return this.#byDefinition.get(definition)?.settled.values() ?? []
  }

  load(key: Key): Promise<Answer> {
    return this.#of(key.definition).load(key)
  }

  /** Takes an answer that is there; one that is remembered already, or on its way, stays. */
  keep(key: Key, answer: Answer): Promise<Answer> {
    return this.#of(key.definition).keep(key, answer)
  }

  forget({ definition, token }: Key): void {
    this.#byDefinition.get(definition)?.forget(token)
  }

  /** Forgets every key with this answer. */
  forgetAnswer(answer: Answer): void {
    for (const answers of this.#byDefinition.values()) answers.forgetAnswer(answer)
  }

  /** What is on its way answers those that wait for it, and no later caller. */
  forgetUnsettled(): void {
    for (const answers of this.#byDefinition.values()) answers.forgetUnsettled()
  }

  #of(definition: KeyDefinition): AnswersOfDefinition<Found, Answer> {
    let answers = this.#byDefinition.get(definition)
    if (!answers) {
      answers = new AnswersOfDefinition(definition, this.#options)
      this.#byDefinition.set(definition, answers)
    }
    return answers
  }
}

/** DataLoader batches and memoizes the keys of one definition. */
class AnswersOfDefinition<Found, Answer> {
  readonly promises = new Map<Token, Promise<Answer>>()
  readonly settled = new Map<Token, Answer>()
  readonly #options: ScopeLoaderOptions<Found, Answer>
  readonly #batch: KeyBatch<Found>
  readonly #loader: DataLoader<Key, Answer, Token>

  constructor(definition: KeyDefinition, options: ScopeLoaderOptions<Found, Answer>) {
    this.#options = options
    this.#batch = options.batchOf(definition)
    this.#loader = new DataLoader((keys) => this.#load(keys), {
      cacheKeyFn: tokenOf,
      cacheMap: this.promises,
      batchScheduleFn: this.#batch.beforeSending,
    })
  }

  load(key: Key): Promise<Answer> {
    const promise = this.#loader.load(key)
    if (this.promises.size > MAX_REMEMBERED) this.#dropOldest()
    return promise
  }

  keep({ token }: Key, answer: Answer): Promise<Answer> {
    const known = this.promises.get(token)
    if (known) return known
    const promise = Promise.resolve(answer)
    this.promises.set(token, promise)
    this.settled.set(token, answer)
    if (this.promises.size > MAX_REMEMBERED) this.#dropOldest()
    return promise
  }

  forget(token: Token): void {
    this.promises.delete(token)
    this.settled.delete(token)
  }

  forgetAnswer(answer: Answer): void {
    for (const [token, settled] of this.settled) if (settled === answer) this.forget(token)
  }

  forgetUnsettled(): void {
    if (this.settled.size === this.promises.size) return
    for (const token of this.promises.keys()) if (!this.settled.has(token)) this.promises.delete(token)
  }

  /** A failure is not remembered. What was forgotten meanwhile does not come back, and does not replace what took its place. */
  async #load(keys: readonly Key[]): Promise<readonly (Answer | Error)[]> {
    const { epoch, remember, answer } = this.#options
    const begun = epoch()
    const promises = keys.map(({ token }) => this.promises.get(token))
    const found = await this.#batch.loadAll(keys)
    const isCurrent = begun === epoch()
    // Each answer settles before the next one, which may be the same row under another spelling.
    return keys.map((key, index) => {
      const { token } = key
      const one = found[index] as Found | Error
      const promise = promises[index]
      const isAwaited = promise !== undefined && this.promises.get(token) === promise
      const settled = one instanceof Error ? one : isCurrent ? remember(key, one) : answer(one)
      if (settled instanceof Error) {
        if (isAwaited) this.promises.delete(token)
        return settled
      }
      if (isAwaited) this.settled.set(token, settled)
      return settled
    })
  }

  #dropOldest(): void {
    for (const oldest of this.promises.keys()) {
      this.forget(oldest)
      return
    }
  }
}

function tokenOf({ token }: Key): Token {
  return token
}
