import DataLoader from 'dataloader'
import type { Key, KeyDefinition, Token } from '../keys/key.ts'
import type { Row } from '../rows/row.ts'

/** Answers in the order of the keys, of which `asked` are the promises; an Error concerns its key alone. */
type Read<Answer> = (
  keys: readonly Key[],
  asked: readonly (Promise<Answer> | undefined)[],
) => Promise<readonly (Answer | Error)[]>

/** How much a scope remembers of a table: a request needs far less, and a websocket's scope must not grow for ever. */
export const MOST_REMEMBERED = 200_000

/** What is remembered of one definition, made when it is first asked. */
export function rememberedOf<Answer>(
  all: Map<KeyDefinition, Remembered<Answer>>,
  definition: KeyDefinition,
  read: Read<Answer>,
): Remembered<Answer> {
  let remembered = all.get(definition)
  if (!remembered) {
    remembered = new Remembered(read)
    all.set(definition, remembered)
  }
  return remembered
}

/** What a scope remembers of the questions of one kind. */
export class Remembered<Answer> {
  /** Perhaps still on their way. */
  readonly answers = new Map<Token, Promise<Answer>>()
  readonly #loader: DataLoader<Key, Answer, Token>
  /** The answers that are rows, once they are there. */
  #rows: Map<Token, Row> | undefined

  constructor(read: Read<Answer>) {
    this.#loader = new DataLoader((keys) => this.#readAll(keys, read), {
      cacheKeyFn: tokenOf,
      cacheMap: this.answers,
    })
  }

  load(key: Key): Promise<Answer> {
    const answer = this.#loader.load(key)
    if (this.answers.size > MOST_REMEMBERED) this.#dropOldest()
    return answer
  }

  /** Takes an answer that is there; one that is remembered already stays. */
  prime(key: Key, answer: Answer): void {
    this.#loader.prime(key, answer)
  }

  rowOf({ token }: Key): Row | undefined {
    return this.#rows?.get(token)
  }

  keepRow({ token }: Key, row: Row): void {
    this.#rows ??= new Map()
    this.#rows.set(token, row)
  }

  forget(token: Token): void {
    this.answers.delete(token)
    this.#rows?.delete(token)
  }

  forgetRow(row: Row): void {
    for (const [token, kept] of this.#rows ?? []) if (kept === row) this.forget(token)
  }

  /** A failure is not remembered: the failed promise alone is dropped, never one that has taken its place. */
  async #readAll(keys: readonly Key[], read: Read<Answer>): Promise<readonly (Answer | Error)[]> {
    const asked = keys.map(({ token }) => this.answers.get(token))
    const found = await read(keys, asked)
    for (let index = 0; index < keys.length; index++) {
      const { token } = keys[index]!
      if (found[index] instanceof Error && this.answers.get(token) === asked[index])
        this.answers.delete(token)
    }
    return found
  }

  #dropOldest(): void {
    for (const oldest of this.answers.keys()) {
      this.forget(oldest)
      return
    }
  }
}

function tokenOf({ token }: Key): Token {
  return token
}
