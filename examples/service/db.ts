import { createDatabase, createRepositories } from 'kysely-lookup'
import { type DB, tables } from './schema.ts'

export const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })

export const repos = createRepositories({
  db,
  tables,
  // Cities and countries are kept for the life of the process, the other tables for one request at a time.
  cache: { city: 'immutable', country: 'immutable' },
})
