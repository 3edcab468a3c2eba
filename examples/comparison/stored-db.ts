// In place of the service's db.ts: the same repositories, over a store.
import { createDatabase, createRepositories } from 'kysely-lookup'
import { lmdbStore } from 'kysely-lookup/lmdb'
import { type DB, tables } from '../service/schema.ts'

export const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })

export const repos = createRepositories({
  db,
  tables,
  cache: {
    city: 'immutable',
    country: 'versioned',
    currency: 'versioned',
    language: 'versioned',
    time_zone: 'versioned',
    country_currency: 'versioned',
    country_language: 'versioned',
  },
  store: lmdbStore({ path: process.env.STORE_PATH! }),
})
