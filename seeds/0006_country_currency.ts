import { getCountryDataList } from 'countries-list'
import { code } from 'currency-codes'
import type { Kysely } from 'kysely'
import { loadTable, type SeedDatabase } from '../reference-data/load-table.ts'
import { sift } from '../reference-data/sift.ts'

/** Currencies of countries from `countries-list`, which may know newer ones than `currency-codes`. */
export async function seed(db: Kysely<SeedDatabase>): Promise<void> {
  const rows = getCountryDataList().flatMap((country) =>
    country.currency.map((currency, index) => ({
      country_code: country.iso2,
      currency_code: currency,
      position: index + 1,
    })),
  )
  const { kept, leftOut } = sift(rows, ({ currency_code }) =>
    code(currency_code) === undefined ? `${currency_code}, which currency-codes does not have` : undefined,
  )
  await loadTable(db, {
    table: 'country_currency',
    key: ['country_code', 'currency_code'],
    rows: kept,
    leftOut,
  })
}
