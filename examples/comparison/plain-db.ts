import { createDatabase } from 'kysely-lookup'
import type { DB } from '../service/schema.ts'
import type { ServiceLookups } from './lookups.ts'

export const db = createDatabase<DB>({ uri: process.env.DATABASE_URL })

const country = (code: string) =>
  db.selectFrom('country').selectAll().where('code', '=', code).executeTakeFirstOrThrow()
const currency = (code: string) =>
  db.selectFrom('currency').selectAll().where('code', '=', code).executeTakeFirstOrThrow()
const language = (code: string) =>
  db.selectFrom('language').selectAll().where('code', '=', code).executeTakeFirstOrThrow()

/** The service's lookups without kysely-lookup: one query for each row. */
export const repos = {
  city: {
    findByKeyOrThrow: (id: number) =>
      db.selectFrom('city').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    findReferencedOrThrow: ({ country_code }) => country(country_code),
  },
  country: { findByKeyOrThrow: country },
  currency: { findByKeyOrThrow: currency },
  language: { findByKeyOrThrow: language },
  time_zone: {
    findByKeyOrThrow: (name: string) =>
      db.selectFrom('time_zone').selectAll().where('name', '=', name).executeTakeFirstOrThrow(),
    findReferenced: async ({ country_code }) => (country_code === null ? undefined : country(country_code)),
  },
  country_currency: {
    findAllBy: ({ country_code }) =>
      db
        .selectFrom('country_currency')
        .selectAll()
        .where('country_code', '=', country_code)
        .orderBy('currency_code')
        .execute(),
    findReferencedOrThrow: ({ currency_code }) => currency(currency_code),
  },
  country_language: {
    findAllBy: ({ country_code }) =>
      db
        .selectFrom('country_language')
        .selectAll()
        .where('country_code', '=', country_code)
        .orderBy('language_code')
        .execute(),
    findReferencedOrThrow: ({ language_code }) => language(language_code),
  },
  $ready: async () => {},
  $request: (fn) => fn(),
  $close: async () => {},
} satisfies ServiceLookups
