import { getCountryDataList } from 'countries-list'
import { iso31661 } from 'iso-3166'
import type { Kysely } from 'kysely'
import { loadTable, type SeedDatabase } from '../reference-data/load-table.ts'

/** Countries from `countries-list`, their numeric codes from `iso-3166`. */
export async function seed(db: Kysely<SeedDatabase>): Promise<void> {
  const numericCodes = new Map(iso31661.map((country) => [country.alpha2, country.numeric]))
  const rows = getCountryDataList().map((country) => ({
    code: country.iso2,
    alpha3: country.iso3,
    numeric_code: numericCodes.get(country.iso2) ?? null,
    name: country.name,
    native_name: country.native,
    capital: country.capital || null,
    continent: country.continent,
    calling_codes: country.phone.join(','),
  }))
  await loadTable(db, { table: 'country', key: ['code'], rows })

  const codes = new Set<string>(rows.map((row) => row.code))
  const unknown = iso31661.filter((country) => !codes.has(country.alpha2)).map((country) => country.alpha2)
  if (unknown.length > 0) console.log(`country: of ISO 3166, countries-list lacks ${unknown.join(', ')}`)
  const unnumbered = rows.filter((row) => row.numeric_code === null).map((row) => row.code)
  console.log(`country: ${unnumbered.join(', ')} are not assigned by ISO 3166 and have no numeric code`)
}
