import { ConfigurationError } from './errors.ts'
import { Repository, type RepositoryParts } from './repository.ts'

type AnyRepository = Repository<unknown, unknown, unknown>

/** One of the sets (process, request, transaction) that a program reads through. */
export interface RepositorySet {
  $table(name: string): AnyRepository
}

/** Makes sets over the same tables: what a set reads from is asked for when a table is first used in it. */
export type RepositorySetFactory = (
  parts: (table: string) => RepositoryParts & { readonly writes: object },
  members: object,
) => RepositorySet

const repositoryOf = Symbol('repositoryOf')

type Bound = { readonly [repositoryOf]: (name: string) => AnyRepository }

/**
 * The tables are getters of one prototype, so that a set for a request costs the same for one table and for forty.
 * Any name may be a table's (`constructor`, `__proto__`, `then`); names that begin with `$` are members' only.
 */
export function repositorySetFactory(names: readonly string[]): RepositorySetFactory {
  const known = new Set(names)
  const prototype = {}
  for (const name of names) {
    if (name.startsWith('$')) continue
    Object.defineProperty(prototype, name, {
      enumerable: true,
      get(this: Bound) {
        return this[repositoryOf](name)
      },
    })
  }
  return (parts, members) => {
    const made = new Map<string, AnyRepository>()
    const get = (name: string) => {
      let repository = made.get(name)
      if (!repository) {
        if (!known.has(name)) {
          throw new ConfigurationError(
            `There is no table ${JSON.stringify(name)} in the generated metadata. A table without a primary key has no repository; after a migration run kysely-lookup generate.`,
          )
        }
        const { writes, ...reads } = parts(name)
        repository = Object.assign(new Repository<unknown, unknown, unknown>(reads), writes)
        made.set(name, repository)
      }
      return repository
    }
    return Object.assign(Object.create(prototype), { ...members, $table: get, [repositoryOf]: get })
  }
}
