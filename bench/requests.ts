import { createRandom } from '../test/support/random.ts'
import type { Lookups } from './peer.ts'

/** How many cities of the table the service is asked for. */
export const CITIES_IN_USE = 3_000
export const CITIES_A_REQUEST = 50

/** What the requests of a service ask for: fifty cities each, and then the countries that these are in. */
export function createRequests(ids: readonly number[], count: number): number[][] {
  const inUse = createRandom(3).shuffled(ids).slice(0, CITIES_IN_USE)
  const random = createRandom(4)
  return Array.from({ length: count }, () =>
    Array.from({ length: CITIES_A_REQUEST }, () => random.pick(inUse)),
  )
}

/** Serves one request: each row is asked for where it is needed, as the functions of a service would. */
export async function serve(lookups: Lookups, ids: readonly number[]): Promise<number> {
  const countries = await Promise.all(ids.map((id) => countryOf(lookups, id)))
  return countries.length
}

async function countryOf(lookups: Lookups, id: number): Promise<string> {
  const city = (await lookups.city(id)) as { name: string; country_code: string } | null | undefined
  const country = (await lookups.country!(city!.country_code)) as { name: string } | null | undefined
  return `${city!.name}, ${country!.name}`
}
