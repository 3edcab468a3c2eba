import { createDatabase } from 'kysely-lookup'
import type { DB } from '../service/schema.ts'
import type { ServiceLookups } from './lookups.ts'

export const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })

/** The service's lookups without kysely-lookup: one query for each row. */
export const repos = {
  city: {
    findByKeyOrThrow: (id: number) =>
      db.selectFrom('city').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
  },
  country: {
    findByKeyOrThrow: (code: string) =>
      db.selectFrom('country').selectAll().where('code', '=', code).executeTakeFirstOrThrow(),
  },
  currency: {
    findByKeyOrThrow: (code: string) =>
      db.selectFrom('currency').selectAll().where('code', '=', code).executeTakeFirstOrThrow(),
  },
  language: {
    findByKeyOrThrow: (code: string) =>
      db.selectFrom('language').selectAll().where('code', '=', code).executeTakeFirstOrThrow(),
  },
  time_zone: {
    findByKeyOrThrow: (name: string) =>
      db.selectFrom('time_zone').selectAll().where('name', '=', name).executeTakeFirstOrThrow(),
  },
  country_currency: {
    findAllBy: ({ country_code }) =>
      db
        .selectFrom('country_currency')
        .selectAll()
        .where('country_code', '=', country_code)
        .orderBy('currency_code')
        .execute(),
  },
  country_language: {
    findAllBy: ({ country_code }) =>
      db
        .selectFrom('country_language')
        .selectAll()
        .where('country_code', '=', country_code)
        .orderBy('language_code')
        .execute(),
  },
  $ready: async () => {},
  $request: (fn) => fn(),
  $close: async () => {},
} satisfies ServiceLookups
