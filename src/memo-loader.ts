import DataLoader from 'dataloader'
import type { Key, KeyDefinition, Token } from './key.ts'
import type { Row } from './row.ts'

/** What a scope remembers of the questions of one kind. */
export interface Remembered<Answer> {
  /** Perhaps still on their way. */
  readonly answers: Map<Token, Promise<Answer>>
  /** The answers that are rows, once they are there. */
  readonly rows: Map<Token, Row>
  load(key: Key): Promise<Answer>
  /** Takes an answer that is there; one that is remembered already stays. */
  prime(key: Key, answer: Answer): void
}

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
    remembered = createRemembered(read)
    all.set(definition, remembered)
  }
  return remembered
}

/** A failure is not remembered: the failed promise alone is dropped, never one that has taken its place. */
function createRemembered<Answer>(read: Read<Answer>): Remembered<Answer> {
  const answers = new Map<Token, Promise<Answer>>()
  const rows = new Map<Token, Row>()
  const loader = new DataLoader<Key, Answer, Token>(
    async (keys) => {
      const asked = keys.map(({ token }) => answers.get(token))
      const found = await read(keys, asked)
      for (let index = 0; index < keys.length; index++) {
        const { token } = keys[index]!
        if (found[index] instanceof Error && answers.get(token) === asked[index]) answers.delete(token)
      }
      return found
    },
    { cacheKeyFn: (key) => key.token, cacheMap: answers },
  )
  function dropOldest(): void {
    for (const oldest of answers.keys()) {
      answers.delete(oldest)
      rows.delete(oldest)
      return
    }
  }

  return {
    answers,
    rows,
    load(key) {
      const answer = loader.load(key)
      if (answers.size > MOST_REMEMBERED) dropOldest()
      return answer
    },
    prime(key, answer) {
      loader.prime(key, answer)
    },
  }
}
