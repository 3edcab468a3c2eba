import { type AnyRepository, type Detour, Repository, type RepositoryParts } from './repository.ts'

interface RepositoryMethods {
  readonly writes: object
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

type Methods = Readonly<Record<string, (...given: unknown[]) => Promise<unknown>>>

function redirected(writes: object, detour: Detour): object {
  const made = Object.entries(writes as Methods).map(([name, write]) => {
    const redirect = (...given: unknown[]) =>
      detour.switch.on ? detour.call((one) => (one as unknown as Methods)[name]!(...given)) : write(...given)
    return [name, redirect] as const
  })
  return Object.fromEntries(made)
}
