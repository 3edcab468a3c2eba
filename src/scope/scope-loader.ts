import DataLoader from 'dataloader'
import type { Token } from '../keys/identity.ts'
import type { Key, KeyDefinition } from '../keys/key.ts'

/** How many answers a scope remembers of each key: a request needs far fewer, and a websocket's scope must not grow for ever. */
export const MAX_REMEMBERED = 200_000

export interface ScopeLoaderOptions<Answer> {
  /** Answers in the order of the keys, which are of one definition; an Error concerns its key alone. */
  load(keys: readonly Key[]): Promise<readonly (Answer | Error)[]>
  /** Calls back when the keys that were asked in this turn are to be loaded. */
  schedule(definition: KeyDefinition, load: () => void): void
}

/** What a scope was answered by each key of a table. */
export class ScopeLoader<Answer> {
  readonly #options: ScopeLoaderOptions<Answer>
  readonly #byDefinition = new Map<KeyDefinition, AnswersOfDefinition<Answer>>()

  constructor(options: ScopeLoaderOptions<Answer>) {
    this.#options = options
  }

  /** The answer to the key, perhaps still on its way. */
  find({ definition, token }: Key): Promise<Answer> | undefined {
    return this.#byDefinition.get(definition)?.promises.get(token)
  }

  /** The answer to the key, once it is there. */
  findSettled({ definition, token }: Key): Answer | undefined {
    return this.#byDefinition.get(definition)?.settled.get(token)
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

  /** What is on its way answers those who wait for it, and nobody else. */
  forgetUnsettled(): void {
    for (const answers of this.#byDefinition.values()) answers.forgetUnsettled()
  }

  #of(definition: KeyDefinition): AnswersOfDefinition<Answer> {
    let answers = this.#byDefinition.get(definition)
    if (!answers) {
      answers = new AnswersOfDefinition(definition, this.#options)
      this.#byDefinition.set(definition, answers)
    }
    return answers
  }
}

/** DataLoader batches and memoizes the keys of one definition. */
class AnswersOfDefinition<Answer> {
  readonly promises = new Map<Token, Promise<Answer>>()
  readonly settled = new Map<Token, Answer>()
  readonly #loader: DataLoader<Key, Answer, Token>

  constructor(definition: KeyDefinition, { load, schedule }: ScopeLoaderOptions<Answer>) {
    this.#loader = new DataLoader((keys) => this.#load(keys, load), {
      cacheKeyFn: tokenOf,
      cacheMap: this.promises,
      batchScheduleFn: (gather) => schedule(definition, gather),
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

  /** A failure is not remembered. What was forgotten meanwhile does not come back, nor harm what took its place. */
  async #load(
    keys: readonly Key[],
    load: ScopeLoaderOptions<Answer>['load'],
  ): Promise<readonly (Answer | Error)[]> {
    const promises = keys.map(({ token }) => this.promises.get(token))
    const answers = await load(keys)
    for (let index = 0; index < keys.length; index++) {
      const { token } = keys[index]!
      if (promises[index] === undefined || this.promises.get(token) !== promises[index]) continue
      const answer = answers[index] as Answer | Error
      if (answer instanceof Error) this.promises.delete(token)
      else this.settled.set(token, answer)
    }
    return answers
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
