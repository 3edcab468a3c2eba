import { referenceReads } from './references.ts'
import { Repository } from './repository.ts'
import type { AnyRepository, Detour, RepositoryParts, Route } from './repository-parts.ts'
import type { Inserts, Writes } from './writes.ts'

type AnyWrites = Inserts<unknown> | Writes<unknown, unknown>
type Insertions = Parameters<Inserts<unknown>['insert']>[0]
type Changes = Parameters<Writes<unknown, unknown>['update']>[1]

/** What the repositories of a table have besides their reads. */
export interface RepositoryMembers {
  /** Most requests only read: made when it is first used. */
  writes(parts: RepositoryParts): AnyWrites
  /** An `immutable` table takes new rows only. */
  readonly immutable: boolean
  /** Where the calls go; undefined if all of them are made as they are. */
  readonly route: Route | undefined
}

/** A repository with what writes; that is not in the class, because an `immutable` table has no updates. */
export function createRepository(parts: RepositoryParts, members: RepositoryMembers): AnyRepository {
  const { immutable, route } = members
  let own: AnyRepository | undefined
  const detour = route?.detour(parts, () => {
    own ??= createRepository(parts, { ...members, route: undefined })
    return own
  })
  const path = new WritePath({ parts, members, detour })
  const repository = immutable ? new InsertRepository(path) : new WriteRepository(path)
  return parts.references ? Object.assign(repository, referenceReads(parts)) : repository
}

interface WritePathOptions {
  readonly parts: RepositoryParts
  readonly members: RepositoryMembers
  readonly detour: Detour | undefined
}

/** Leads writes where the reads of their repository go. */
class WritePath {
  readonly parts: RepositoryParts
  readonly detour: Detour | undefined
  readonly #members: RepositoryMembers
  #writes: AnyWrites | undefined

  constructor(options: WritePathOptions) {
    this.parts = options.parts
    this.detour = options.detour
    this.#members = options.members
  }

  async write(work: (writes: Writes<unknown, unknown>) => Promise<number>): Promise<number> {
    if (this.detour?.switch.on) {
      return this.detour.call((one) => work(one as unknown as Writes<unknown, unknown>))
    }
    this.#writes ??= this.#members.writes(this.parts)
    return work(this.#writes as Writes<unknown, unknown>)
  }
}

class InsertRepository extends Repository<unknown, unknown, unknown> {
  readonly #path: WritePath

  constructor(path: WritePath) {
    super(path.parts, path.detour)
    this.#path = path
  }

  insert(rows: Insertions): Promise<number> {
    return this.#path.write((one) => one.insert(rows))
  }
}

class WriteRepository extends InsertRepository {
  readonly #path: WritePath

  constructor(path: WritePath) {
    super(path)
    this.#path = path
  }

  update(key: unknown, changes: Changes): Promise<number> {
    return this.#path.write((one) => one.update(key, changes))
  }

  delete(key: unknown): Promise<number> {
    return this.#path.write((one) => one.delete(key))
  }
}
