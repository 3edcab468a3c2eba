/**
 * Kysely with a DataLoader per request and table (`request`), or with a Map of promises for the process before it
 * (`ideal`): what a good engineer writes by hand for rows that do not change.
 */
import DataLoader from 'dataloader'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'
import { type BenchDB, openKysely } from './plain-kysely.ts'

export async function open({ url, variant }: PeerOptions): Promise<Peer> {
  const db = openKysely(url)

  function createLoaders() {
    return {
      city: new DataLoader(async (ids: readonly number[]) => {
        const rows = await db.selectFrom('city').selectAll().where('id', 'in', ids).execute()
        const byId = new Map(rows.map((row) => [row.id, row]))
        return ids.map((id) => byId.get(id))
      }),
      cityBySlug: new DataLoader(async (slugs: readonly string[]) => {
        const rows = await db.selectFrom('city').selectAll().where('slug', 'in', slugs).execute()
        const bySlug = new Map(rows.map((row) => [row.slug, row]))
        return slugs.map((slug) => bySlug.get(slug))
      }),
      country: new DataLoader(async (codes: readonly string[]) => {
        const rows = await db.selectFrom('country').selectAll().where('code', 'in', codes).execute()
        const byCode = new Map(rows.map((row) => [row.code, row]))
        return codes.map((code) => byCode.get(code))
      }),
    }
  }

  function loading(): Lookups {
    const loaders = createLoaders()
    return {
      city: (id) => loaders.city.load(id),
      cityBySlug: (slug) => loaders.cityBySlug.load(slug),
      country: (code) => loaders.country.load(code),
    }
  }

  let cities = new Map<number, Promise<BenchDB['city'] | undefined>>()
  let countries = new Map<string, Promise<BenchDB['country'] | undefined>>()
  function remembering(): Lookups {
    const loaders = createLoaders()
    return {
      city(id) {
        let city = cities.get(id)
        if (!city) {
          city = loaders.city.load(id)
          cities.set(id, city)
          city.catch(() => cities.delete(id))
        }
        return city
      },
      country(code) {
        let country = countries.get(code)
        if (!country) {
          country = loaders.country.load(code)
          countries.set(code, country)
          country.catch(() => countries.delete(code))
        }
        return country
      },
    }
  }

  const lookups = variant === 'ideal' ? remembering : loading
  return {
    request: (work) => work(lookups()),
    cities(ids) {
      const { city } = lookups()
      return Promise.all(ids.map((id) => city(id)))
    },
    async restart() {
      cities = new Map()
      countries = new Map()
    },
    close: () => db.destroy(),
  }
}
