import { ConfigurationError } from '../errors.ts'
import type { AnyRepository } from './repository-parts.ts'

/** One of the sets (process, request, transaction) that a program reads through. */
export interface RepositorySet {
  $table(name: string): AnyRepository
}

export interface RepositorySetOptions<Origin> {
  readonly names: readonly string[]
  /** Makes the repository of a table when it is first used in a set. */
  repository(name: string, origin: Origin, set: RepositorySet): AnyRepository
  /** What a set has besides tables, made again at each access. */
  readonly members: Readonly<Record<string | symbol, (origin: Origin) => unknown>>
}

/**
 * Makes sets that differ in what they read from. Tables and members are getters of one prototype, so that a set for a
 * request costs the same for one table and for forty. Any name may be a table's (`constructor`, `__proto__`, `then`);
 * names that begin with `$` are members' only.
 */
export function repositorySetFactory<Origin>(
  options: RepositorySetOptions<Origin>,
): (origin: Origin) => RepositorySet {
  const { names, repository, members } = options
  const memberNames = Reflect.ownKeys(members)
  const BoundSet = createSetClass<Origin>(names, memberNames)
  const source: SetSource<Origin> = {
    names: new Set(names),
    repository,
    members: memberNames.map((name) => members[name]!),
  }
  return (origin) => new BoundSet(origin, source)
}

interface SetSource<Origin> extends Pick<RepositorySetOptions<Origin>, 'repository'> {
  readonly names: ReadonlySet<string>
  readonly members: readonly ((origin: Origin) => unknown)[]
}

type SetClass<Origin> = new (origin: Origin, source: SetSource<Origin>) => RepositorySet

/**
 * It knows names only. Only a full collection takes away a class with its prototype: getters that led to the tables would keep alive
 * until then all rows that sets of repositories hold which are closed.
 */
function createSetClass<Origin>(
  names: readonly string[],
  memberNames: readonly (string | symbol)[],
): SetClass<Origin> {
  class BoundSet {
    readonly #origin: Origin
    readonly #source: SetSource<Origin>
    #made: Map<string, AnyRepository> | undefined

    constructor(origin: Origin, source: SetSource<Origin>) {
      this.#origin = origin
      this.#source = source
    }

    static table(set: BoundSet, name: string): AnyRepository {
      set.#made ??= new Map()
      let made = set.#made.get(name)
      if (!made) {
        if (!set.#source.names.has(name)) {
          throw new ConfigurationError({
            kind: 'generated-file',
            problem: `There is no table ${JSON.stringify(name)} in the generated metadata`,
            fix: 'Run kysely-lookup generate after a migration; a table without a primary key has no repository.',
          })
        }
        made = set.#source.repository(name, set.#origin, set as unknown as RepositorySet)
        set.#made.set(name, made)
      }
      return made
    }

    static member(set: BoundSet, index: number): unknown {
      return set.#source.members[index]!(set.#origin)
    }
  }

  const prototype = {}
  const define = (name: string | symbol, read: (set: BoundSet) => unknown) =>
    Object.defineProperty(prototype, name, {
      enumerable: true,
      get(this: BoundSet) {
        return read(this)
      },
    })
  for (const name of names) if (!name.startsWith('$')) define(name, (set) => BoundSet.table(set, name))
  define('$table', (set) => (name: string) => BoundSet.table(set, name))
  for (const [index, name] of memberNames.entries()) define(name, (set) => BoundSet.member(set, index))
  // A table's name may be `constructor`: only what is defined here is inherited.
  Object.setPrototypeOf(BoundSet.prototype, prototype)
  Reflect.deleteProperty(BoundSet.prototype, 'constructor')
  return BoundSet as unknown as SetClass<Origin>
}
