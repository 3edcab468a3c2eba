import { languages } from 'countries-list'
import { iso6393 } from 'iso-639-3'
import type { Kysely } from 'kysely'
import { loadTable, type SeedDatabase } from '../reference-data/load-table.ts'

/** Languages from `iso-639-3`; native names from `countries-list` where it has them. */
export async function seed(db: Kysely<SeedDatabase>): Promise<void> {
  const described = new Map(Object.entries(languages))
  const rows = iso6393.map((language) => ({
    code: language.iso6393,
    iso639_1: language.iso6391 ?? null,
    iso639_2b: language.iso6392B ?? null,
    name: language.name,
    native_name: described.get(language.iso6391 ?? '')?.native ?? null,
    scope: language.scope,
    type: language.type,
  }))
  await loadTable(db, { table: 'language', key: ['code'], rows })
  console.log(
    'language: ISO 639-3 code set of SIL International, https://iso639-3.sil.org (see DATA-LICENSES.md)',
  )
}
