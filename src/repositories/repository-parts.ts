import type { TableReader } from '../loading/way-of-a-key.ts'
import type { TableMetadata } from '../metadata.ts'
import type { RowReader } from '../rows/row.ts'
import type { CurrentScope } from '../scope/request-scope.ts'
import type { ScopedTable } from '../scope/scoped-table.ts'
import type { References } from './references.ts'
import type { Repository } from './repository.ts'
import type { RepositorySet } from './repository-set.ts'

export type AnyRepository = Repository<unknown, unknown, unknown>

/** Decides for each call which repository it is made on. */
export interface Detour {
  /** Off as long as every call is made as it is: hits ask nothing else. */
  readonly switch: { readonly on: boolean }
  /** Rejects if no call may be made. */
  call<Result>(work: (one: AnyRepository) => Promise<Result>): Promise<Result>
  /** The same for what is not asynchronous. Throws if no call may be made. */
  now<Result>(work: (one: AnyRepository) => Result): Result
}

/** Gives the repositories of a set their detours. */
export interface Route {
  /** @param own makes the same repository without a detour */
  detour(parts: RepositoryParts, own: () => AnyRepository): Detour
}

/** Of a repository whose calls are all made as they are. */
export const NO_DETOUR: Detour['switch'] = { on: false }

/** What a repository is made of; assembled by `createRepositories`. */
export interface RepositoryParts extends ScopedTable {
  /** The name that it has in its set. */
  readonly name: string
  readonly table: TableMetadata
  readonly references: References | undefined
  readonly rowReader: RowReader
  readonly reader: TableReader
  readonly scopes: CurrentScope
  /** The repositories that it leads to by foreign keys. */
  readonly set: RepositorySet
  /** Of a transaction: the table that the process shares. */
  readonly process?: Pick<RepositoryParts, 'cache' | 'reader'>
}
