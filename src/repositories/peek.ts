import { EMPTY_INDEX, type HitIndex } from '../cache/generation.ts'
import type { Entry } from '../rows/row.ts'
import type { Detour, RepositoryParts } from './repository-parts.ts'

/** What `peek` does where the key is not held as it is. Like `peek`, it never throws: another call says what is wrong with a key. */
export function peekResolved(
  { keys, cache, reader }: RepositoryParts,
  { key, peeks }: { readonly key: unknown; readonly peeks: HitIndex },
): Entry | undefined {
  if (peeks === EMPTY_INDEX) return undefined
  try {
    const resolved = keys.resolve(key)
    if (!resolved) return undefined
    return cache!.current.peek(resolved) ?? reader.peek(resolved)
  } catch {
    return undefined
  }
}

/** The same on the repository that calls are made on now. */
export function peekElsewhere(detour: Detour, key: unknown): unknown {
  try {
    return detour.now((one) => one.peek(key))
  } catch {
    return undefined
  }
}
