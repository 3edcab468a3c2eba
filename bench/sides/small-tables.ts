import { createDatabase, createRepositories, type Repository } from '../../src/index.ts'
import { SMALL_TABLES } from '../small-tables.ts'
import { metadataOf } from './lookup.ts'

type AnyDB = Record<string, Record<string, unknown>>
type AnyRepository = Repository<object, unknown, unknown>

interface AnyRepositories {
  $request<Result>(work: () => Result): Result
  $forRequest(): AnyRepositories
  $table(name: string): AnyRepository
}

/** Forty tables that are held by the process, so that what a scope costs is not hidden behind statements. */
export interface SmallTables {
  readonly repos: AnyRepositories
  readonly repositories: readonly AnyRepository[]
  /** What a DataLoader of each table would ask; it answers from memory too. */
  readonly loaders: readonly ((keys: readonly number[]) => Promise<unknown[]>)[]
  close(): Promise<void>
}

export async function openSmallTables(url: string): Promise<SmallTables> {
  const db = createDatabase<AnyDB>({ uri: url })
  const all = await metadataOf(db)
  const tables = Object.fromEntries(SMALL_TABLES.map((name) => [name, all[name]!]))
  const cache = Object.fromEntries(SMALL_TABLES.map((name) => [name, 'versioned' as const]))
  const made = createRepositories({ db, tables, cache })
  const repos = made as unknown as AnyRepositories
  const repositories = SMALL_TABLES.map((name) => repos.$table(name))
  await Promise.all(repositories.map((repository) => repository.preload()))
  return {
    repos,
    repositories,
    loaders: repositories.map(
      (repository) => async (keys: readonly number[]) => keys.map((key) => repository.peek(key)),
    ),
    async close() {
      await made.$close()
      await db.destroy()
    },
  }
}
