import type { Counters } from './events.ts'
import type { Entry, Generation } from './generation.ts'
import type { Key } from './key.ts'
import type { RowSource } from './row-source.ts'

/** Answers keys of one definition, in their order, from what is held; the rest from the source, which loads it at once. */
export async function readThrough(
  keys: readonly Key[],
  from: {
    readonly held: Generation | undefined
    readonly source: RowSource
    readonly counters: Counters
    /** Told which keys are not held, before they are loaded. */
    missed?(key: Key): void
  },
): Promise<readonly (Entry | undefined | Error)[]> {
  const { held, source, counters } = from
  if (!held) {
    if (from.missed) for (const key of keys) from.missed(key)
    return source.loadAll(keys)
  }
  const found = keys.map((key) => held.find(key))
  const missing = keys.filter((key, index) => !found[index] && !held.isAbsent(key))
  counters.hits += keys.length - missing.length
  if (missing.length === 0) return found
  if (from.missed) for (const key of missing) from.missed(key)
  const loaded = await source.loadAll(missing)
  let next = 0
  return keys.map((key, index) => found[index] ?? (key === missing[next] ? loaded[next++] : undefined))
}
