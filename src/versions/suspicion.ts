import type { FollowedCache } from '../cache/process-cache.ts'
import type { Execute } from '../database/execute.ts'
import { errorNumber } from '../database/server-errors.ts'
import type { Followed } from './guard-faults.ts'
import { presenceIn, type System } from './poll-sql.ts'

/** DDL that has begun somewhere on the server. Nobody is told when it ends. */
export interface Suspicion {
  since: number
  next: number
  altered: boolean
  truncated: boolean
}

/**
 * What an ALTER has done may leave everything that can be compared, and so may a TRUNCATE of an immutable table. A versioned table
 * that was truncated is empty, or has been filled since, which moved its version.
 */
export async function dropDoubtful(
  { altered, truncated }: Suspicion,
  { execute, followed, system }: { execute: Execute; followed: Followed; system: System },
): Promise<void> {
  const caches = [...followed.values()].flat()
  if (altered) return drop(caches)
  if (!truncated) return
  drop(caches.filter(({ mode }) => mode === 'immutable'))
  const versioned = [...followed].filter(([, all]) => !isImmutable(all))
  if (versioned.length === 0) return
  const names = versioned.map(([name]) => name)
  const [present] = await execute(presenceIn(names, system), []).catch((error) => {
    if (errorNumber(error) === undefined) throw error
    // One of them is gone, or locked.
    return [[]]
  })
  for (const [index, [, all]] of versioned.entries()) if (Number(present?.[index] ?? 0) === 0) drop(all)
}

export function drop(caches: readonly FollowedCache[]): void {
  for (const cache of caches) cache.drop()
}

export function isImmutable(caches: readonly FollowedCache[]): boolean {
  return caches.every(({ mode }) => mode === 'immutable')
}
