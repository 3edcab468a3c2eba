import { repos } from './db.ts'

/** The address on the parcel: `Lyon, France`. */
export async function addressLabel(cityId: number): Promise<string> {
  const city = await repos.city.findByKeyOrThrow(cityId)
  const country = await repos.city.findReferencedOrThrow(city, 'country_code')
  return `${city.name}, ${country.name}`
}

/** The language of the papers, by its own name if known: `français`. */
export async function paperLanguage(code: string): Promise<string> {
  const language = await repos.language.findByKeyOrThrow(code)
  return language.native_name ?? language.name
}
