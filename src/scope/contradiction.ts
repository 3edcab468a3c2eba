import { LookupError } from '../errors.ts'
import type { TableKeys } from '../keys/key.ts'
import type { Entry } from '../rows/row.ts'
import type { IdentityMap } from './identity-map.ts'
import type { PinnedGeneration } from './pinned-generation.ts'

/** What a scope that has ended knows of a table. */
interface EndedScope {
  readonly held: PinnedGeneration
  readonly seen: IdentityMap
  readonly keys: TableKeys
  readonly table: string
}

/** Where something that was read may have been answered otherwise before the scope's end, by what is not held any more. */
export function contradictionOf(
  read: readonly (Entry | undefined)[],
  { held, seen, keys, table }: EndedScope,
): LookupError | undefined {
  const isSeen = (entry: Entry | undefined) => {
    if (!entry) return false
    const identity = keys.identities.of(entry.row)
    return held.findByIdentity(identity) !== undefined || seen.has(entry.row, identity)
  }
  if (read.every(isSeen)) return undefined
  return new LookupError(
    'KYSELY_LOOKUP_SCOPE_ENDED',
    `${table}: the request has ended, its table has changed since, and what the request has seen of it is not held any more. Read before the request ends, or in a scope of its own: $request or $forRequest.`,
  )
}
