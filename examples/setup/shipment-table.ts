import { type Kysely, sql } from 'kysely'
import { createRandom } from '../../test/support/random.ts'
import type { DB } from '../service/schema.ts'

const SHIPMENTS = 10_000
const ROWS_PER_INSERT = 1_000

/** Creates the service's own table, whose rows refer to the reference tables, if it does not exist. */
export async function createShipmentTable(db: Kysely<DB>): Promise<void> {
  const currencyOrLanguage = sql`char(3) character set ascii collate ascii_bin`
  const timeZone = sql`varchar(64) character set ascii collate ascii_general_ci`
  await db.schema
    .createTable('shipment')
    .ifNotExists()
    .addColumn('id', sql`int unsigned`, (column) => column.notNull().primaryKey())
    .addColumn('origin_city_id', sql`int unsigned`, (column) => column.notNull())
    .addColumn('destination_city_id', sql`int unsigned`, (column) => column.notNull())
    .addColumn('currency_code', currencyOrLanguage, (column) => column.notNull())
    .addColumn('language_code', currencyOrLanguage, (column) => column.notNull())
    .addColumn('time_zone_name', timeZone, (column) => column.notNull())
    .addColumn('price_minor', sql`int unsigned`, (column) => column.notNull())
    .addColumn('due_at', sql`datetime`, (column) => column.notNull())
    .addForeignKeyConstraint('shipment_origin_foreign', ['origin_city_id'], 'city', ['id'])
    .addForeignKeyConstraint('shipment_destination_foreign', ['destination_city_id'], 'city', ['id'])
    .addForeignKeyConstraint('shipment_currency_foreign', ['currency_code'], 'currency', ['code'])
    .addForeignKeyConstraint('shipment_language_foreign', ['language_code'], 'language', ['code'])
    .addForeignKeyConstraint('shipment_time_zone_foreign', ['time_zone_name'], 'time_zone', ['name'])
    .modifyEnd(sql`engine = InnoDB default character set utf8mb4 collate utf8mb4_unicode_520_ci`)
    .execute()
}

/** Fills an empty shipment table, always with the same rows, and resolves to the number of rows. */
export async function fillShipmentTable(db: Kysely<DB>): Promise<number> {
  const { present } = await db
    .selectFrom('shipment')
    .select((eb) => eb.fn.countAll<number>().as('present'))
    .executeTakeFirstOrThrow()
  if (present > 0) return present
  const shipments = await makeShipments(db)
  await db.transaction().execute(async (trx) => {
    for (let from = 0; from < shipments.length; from += ROWS_PER_INSERT) {
      await trx
        .insertInto('shipment')
        .values(shipments.slice(from, from + ROWS_PER_INSERT))
        .execute()
    }
  })
  return shipments.length
}

async function makeShipments(db: Kysely<DB>) {
  const cities = await db
    .selectFrom('city')
    .select(['id', 'country_code'])
    .orderBy('population', 'desc')
    .orderBy('id')
    .limit(20_000)
    .execute()
  const currencies = await db
    .selectFrom('country_currency')
    .select(['country_code', 'currency_code'])
    .where('position', '=', 1)
    .execute()
  const languages = await db
    .selectFrom('country_language')
    .select(['country_code', 'language_code'])
    .where('position', '=', 1)
    .execute()
  const timeZones = await db
    .selectFrom('time_zone')
    .select(['country_code', 'name'])
    .where('country_code', 'is not', null)
    .orderBy('name')
    .execute()
  const currencyOf = new Map(currencies.map((row) => [row.country_code, row.currency_code]))
  const languageOf = new Map(languages.map((row) => [row.country_code, row.language_code]))
  const timeZonesOf = Map.groupBy(timeZones, (row) => row.country_code)
  const random = createRandom(1)
  // The square favors the first rows, which are the largest cities.
  const anyCity = () => cities[Math.floor(cities.length * random.next() ** 2)]!
  const firstDue = Date.UTC(2030, 0, 1)
  return Array.from({ length: SHIPMENTS }, (_, index) => {
    const origin = anyCity()
    const destination = anyCity()
    const zones = timeZonesOf.get(destination.country_code) ?? timeZones
    return {
      id: index + 1,
      origin_city_id: origin.id,
      destination_city_id: destination.id,
      currency_code: currencyOf.get(origin.country_code) ?? 'USD',
      language_code: languageOf.get(destination.country_code) ?? 'eng',
      time_zone_name: random.pick(zones).name,
      price_minor: 500 + random.below(50_000),
      due_at: new Date(firstDue + 900_000 * index),
    }
  })
}
