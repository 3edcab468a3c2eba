import { getCountryDataList } from 'countries-list'
import { iso6393 } from 'iso-639-3'
import type { Kysely } from 'kysely'
import { loadTable, type SeedDatabase } from '../reference-data/load-table.ts'
import { sift } from '../reference-data/sift.ts'

/** Languages of countries from `countries-list`, which names them by ISO 639-1. */
export async function seed(db: Kysely<SeedDatabase>): Promise<void> {
  const codes = new Map(iso6393.map((language) => [language.iso6391, language.iso6393]))
  const spoken = getCountryDataList().flatMap((country) =>
    country.languages.map((language, index) => ({ country: country.iso2, language, position: index + 1 })),
  )
  const known = sift(spoken, ({ language }) =>
    codes.has(language) ? undefined : `${language}, which iso-639-3 does not have`,
  )
  const rows = known.kept.map(({ country, language, position }) => ({
    country_code: country,
    language_code: codes.get(language)!,
    position,
  }))
  await loadTable(db, {
    table: 'country_language',
    key: ['country_code', 'language_code'],
    rows,
    leftOut: known.leftOut,
  })
}
