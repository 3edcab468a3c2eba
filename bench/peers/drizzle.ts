/** Drizzle: prepared queries for single rows, `inArray` for lists. */
import { eq, inArray, sql } from 'drizzle-orm'
import { char, int, mysqlTable, varchar } from 'drizzle-orm/mysql-core'
import { drizzle } from 'drizzle-orm/mysql2'
import { createPool } from 'mysql2/promise'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'

const city = mysqlTable('city', {
  id: int({ unsigned: true }).primaryKey(),
  slug: varchar({ length: 20 }).notNull().unique(),
  country_code: char({ length: 2 }).notNull(),
  position: int({ unsigned: true }).notNull(),
  name: varchar({ length: 200 }).notNull(),
  admin_code: varchar({ length: 20 }),
  feature_code: varchar({ length: 10 }).notNull(),
  population: int({ unsigned: true }).notNull(),
})

const country = mysqlTable('country', {
  code: char({ length: 2 }).primaryKey(),
  alpha3: char({ length: 3 }).notNull().unique(),
  name: varchar({ length: 100 }).notNull(),
  native_name: varchar({ length: 100 }).notNull(),
  capital: varchar({ length: 100 }),
  continent: char({ length: 2 }).notNull(),
})

export async function open({ url }: PeerOptions): Promise<Peer> {
  const client = createPool({ uri: url, connectionLimit: 10 })
  const db = drizzle({ client })
  const cityById = db
    .select()
    .from(city)
    .where(eq(city.id, sql.placeholder('id')))
    .prepare()
  const cityBySlug = db
    .select()
    .from(city)
    .where(eq(city.slug, sql.placeholder('slug')))
    .prepare()
  const countryByCode = db
    .select()
    .from(country)
    .where(eq(country.code, sql.placeholder('code')))
    .prepare()
  const lookups: Lookups = {
    city: async (id) => (await cityById.execute({ id }))[0],
    cityBySlug: async (slug) => (await cityBySlug.execute({ slug }))[0],
    country: async (code) => (await countryByCode.execute({ code }))[0],
  }
  return {
    lookups,
    request: (work) => work(lookups),
    cities: (ids) =>
      db
        .select()
        .from(city)
        .where(inArray(city.id, [...ids])),
    async restart() {},
    preload: () => db.select().from(city),
    close: () => client.end(),
  }
}
