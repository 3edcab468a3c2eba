import { Repository } from './repository.ts'
import type { AnyRepository, Detour, RepositoryParts } from './repository-parts.ts'
import type { Inserts, Writes } from './writes.ts'

type AnyWrites = Inserts<unknown> | Writes<unknown, unknown>

interface RepositoryMethods {
  readonly writes: AnyWrites
  readonly references: object
  /** Where the calls go, of which one place is `own`; undefined if all of them are made as they are. */
  readonly route: ((own: () => AnyRepository) => Detour) | undefined
}

/** A repository with what writes; that is not in the class, because an `immutable` table has no updates. */
export function createRepository(
  parts: RepositoryParts,
  { writes, references, route }: RepositoryMethods,
): AnyRepository {
  let own: AnyRepository | undefined
  const createOwn = () => {
    own ??= Object.assign(new Repository(parts), writes, references)
    return own
  }
  if (!route) return createOwn()
  const detour = route(createOwn)
  return Object.assign(new Repository({ ...parts, detour }), redirected(writes, detour), references)
}

function redirected(writes: AnyWrites, detour: Detour): AnyWrites {
  const { switch: turned } = detour
  const target = (one: AnyRepository) => one as unknown as Writes<unknown, unknown>
  const inserts: Inserts<unknown> = {
    insert: (rows) => (turned.on ? detour.call((one) => target(one).insert(rows)) : writes.insert(rows)),
  }
  if (!('update' in writes)) return inserts
  return {
    ...inserts,
    update: (key, changes) =>
      turned.on ? detour.call((one) => target(one).update(key, changes)) : writes.update(key, changes),
    delete: (key) => (turned.on ? detour.call((one) => target(one).delete(key)) : writes.delete(key)),
  }
}
