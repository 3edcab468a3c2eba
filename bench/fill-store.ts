import { createDatabase, createRepositories } from '../src/index.ts'
import { metadataOf } from './sides/lookup.ts'
import { openStore } from './stores.ts'

/** Reads both tables into a store, as a process that then ends. */
export async function fillStore(url: string, at: string): Promise<void> {
  await using db = createDatabase<Record<string, Record<string, unknown>>>({ uri: url })
  const { city, country } = await metadataOf(db)
  const store = openStore(at)
  const cache = { mode: 'versioned', maxRows: 200_000 } as const
  const repos = createRepositories({
    db,
    tables: { city: city!, country: country! },
    cache: { city: cache, country: cache },
    // The data set has just been loaded.
    store: { ...store, writeAfter: 0 },
  })
  await repos.city.preload()
  await repos.country.preload()
  await repos.$close()
  await store.close()
}
