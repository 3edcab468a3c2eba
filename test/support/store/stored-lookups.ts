import type { Kysely } from 'kysely'
import { createVersionTable, freeze, trackVersion } from '../../../src/migration/index.ts'
import { lmdbStore } from '../../../src/store/lmdb/index.ts'
import type { Store } from '../../../src/store/store.ts'
import { closedAfterFile } from '../closing.ts'
import type { AnyDB, AnyRepositories, Lookups } from '../lookups.ts'
import { createTemporaryFolder } from '../temporary-folder.ts'

/** Tracks or freezes tables, and lets their versions be old enough to be stored. */
export async function guard(
  { db, run }: Pick<Lookups, 'db' | 'run'>,
  tables: { readonly tracked?: readonly string[]; readonly frozen?: readonly string[] },
): Promise<void> {
  const over = db as unknown as Kysely<AnyDB>
  await createVersionTable(over)
  for (const table of tables.tracked ?? []) await trackVersion(over, table)
  for (const table of tables.frozen ?? []) await freeze(over, table)
  await age(run)
}

/** As if the last change had been a minute ago. */
export async function age(run: Lookups['run']): Promise<void> {
  await run('update lookup_version set version = version - 60000')
}

/** Stores in one folder, as processes open them one after the other or side by side. */
export async function storeFolder() {
  const folder = await createTemporaryFolder('store')
  const path = folder.join('store')
  const stores: Store[] = []
  return closedAfterFile({
    path,
    open(options: { readonly maxAge?: number; readonly maxBytes?: number } = {}): Store {
      const store = lmdbStore({ path, ...options })
      stores.push(store)
      return store
    },
    async [Symbol.asyncDispose]() {
      // One that is open makes a folder anew that is gone.
      for (const store of stores) await store.close()
      await folder[Symbol.asyncDispose]()
    },
  })
}

/** Reads with repositories of their own, as a process that then ends: what it has read is stored. */
export async function readAndEnd<Result>(
  repositories: AnyRepositories,
  read: (repositories: AnyRepositories) => Promise<Result>,
): Promise<Result> {
  try {
    return await read(repositories)
  } finally {
    await repositories.$close()
  }
}
