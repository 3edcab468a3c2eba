import { createDatabase, createRepositories } from 'kysely-lookup'
import { type DB, tables } from './schema.ts'

export const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })

export const repos = createRepositories({
  db,
  tables,
  cache: {
    // Cities are frozen. The other tables are cached until somebody changes them.
    city: 'immutable',
    country: 'versioned',
    currency: 'versioned',
    language: 'versioned',
    time_zone: 'versioned',
    country_currency: 'versioned',
    country_language: 'versioned',
  },
})
