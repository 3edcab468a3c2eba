import { currencies } from 'countries-list/currencies'
import { data } from 'currency-codes'
import type { Kysely } from 'kysely'
import { loadTable, type SeedDatabase } from '../reference-data/load-table.ts'
import { sift } from '../reference-data/sift.ts'

/** Currencies from `currency-codes`; symbols and native names from `countries-list` where it has them. */
export async function seed(db: Kysely<SeedDatabase>): Promise<void> {
  const described = new Map(Object.entries(currencies))
  const rows = data.map((currency) => ({
    code: currency.code,
    numeric_code: currency.number,
    digits: currency.digits,
    name: currency.currency,
    native_name: described.get(currency.code)?.native ?? null,
    symbol: described.get(currency.code)?.symbolNative ?? null,
  }))
  const { kept, leftOut } = sift(rows, ({ code, numeric_code }) =>
    /^\d{3}$/.test(numeric_code) ? undefined : `${code}, which has no numeric code`,
  )
  await loadTable(db, { table: 'currency', key: ['code'], rows: kept, leftOut })
}
