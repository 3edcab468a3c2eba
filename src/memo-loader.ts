import DataLoader from 'dataloader'
import type { Key, KeyDefinition, Token } from './key.ts'

/** What a scope remembers of the questions of one kind. */
export interface Remembered<Answer> {
  /** Perhaps still on their way. */
  readonly answers: Map<Token, Promise<Answer>>
  load(key: Key): Promise<Answer>
  /** Takes an answer that is there; one that is remembered already stays. */
  prime(key: Key, answer: Answer): void
}

/** Answers in the order of the keys; an Error concerns its key alone. */
type Read<Answer> = (keys: readonly Key[]) => Promise<readonly (Answer | Error)[]>

/** How much a scope remembers of a table: a request needs far less, and a websocket's scope must not grow for ever. */
const MOST_REMEMBERED = 200_000

/** To be called after something was added. */
export function dropOldest<Key>(remembered: Map<Key, unknown>): void {
  if (remembered.size <= MOST_REMEMBERED) return
  for (const oldest of remembered.keys()) {
    remembered.delete(oldest)
    return
  }
}

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
  const loader = new DataLoader<Key, Answer, Token>(
    async (keys) => {
      const asked = keys.map(({ token }) => answers.get(token))
      const found = await read(keys)
      for (const [index, { token }] of keys.entries()) {
        if (found[index] instanceof Error && answers.get(token) === asked[index]) answers.delete(token)
      }
      return found
    },
    { cacheKeyFn: (key) => key.token, cacheMap: answers },
  )
  return {
    answers,
    load(key) {
      const answer = loader.load(key)
      dropOldest(answers)
      return answer
    },
    prime(key, answer) {
      loader.prime(key, answer)
    },
  }
}
