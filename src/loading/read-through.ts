import type { Entry, Generation } from '../cache/generation.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { Key } from '../keys/key.ts'
import type { RowSource } from './row-source.ts'

export interface ReadThroughOptions {
  readonly held: Generation | undefined
  readonly source: RowSource
  readonly counters: Counters
  /** Told which keys are not held, before they are loaded. */
  missed?(key: Key): void
}

/** Answers keys of one definition, in their order, from what is held; the rest from the source, which loads it at once. */
export function readThrough(
  keys: readonly Key[],
  options: ReadThroughOptions,
): Promise<readonly (Entry | undefined | Error)[]> {
  const { held, source, missed } = options
  if (held) return readMissing(keys, held, options)
  if (missed) for (const key of keys) missed(key)
  return source.loadAll(keys)
}

async function readMissing(
  keys: readonly Key[],
  held: Generation,
  { source, counters, missed }: ReadThroughOptions,
): Promise<readonly (Entry | undefined | Error)[]> {
  const found = keys.map((key) => held.find(key))
  const missing = keys.filter((key, index) => !found[index] && !held.isAbsent(key))
  counters.hits += keys.length - missing.length
  if (missing.length === 0) return found
  if (missed) for (const key of missing) missed(key)
  const loaded = await source.loadAll(missing)
  let next = 0
  return keys.map((key, index) => found[index] ?? (key === missing[next] ? loaded[next++] : undefined))
}
