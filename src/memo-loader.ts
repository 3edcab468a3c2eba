import DataLoader from 'dataloader'
import type { Key, Token } from './key.ts'

export type Loader<Answer> = DataLoader<Key, Answer, Token>
export type Answers<Answer> = Map<Token, Promise<Answer>>

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

/** A loader whose answers are remembered in `answers`. */
export function createLoader<Answer>(
  answers: Answers<Answer>,
  read: (key: Key) => Promise<Answer>,
): Loader<Answer> {
  return new DataLoader<Key, Answer, Token>(
    (keys) => Promise.all(keys.map((key) => readOrForget(answers, key, read))),
    { cacheKeyFn: (key) => key.token, cacheMap: answers },
  )
}

/** A failure is not remembered; the failed promise alone is dropped, never one that has taken its place. */
async function readOrForget<Answer>(
  answers: Answers<Answer>,
  key: Key,
  read: (key: Key) => Promise<Answer>,
): Promise<Answer | Error> {
  const failed = answers.get(key.token)
  try {
    return await read(key)
  } catch (error) {
    if (answers.get(key.token) === failed) answers.delete(key.token)
    return error instanceof Error ? error : new Error(String(error))
  }
}
