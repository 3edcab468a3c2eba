/** layered-loader: an in-memory loader per table, filled a row at a time by `get`, or in bulk by `getMany`. */
import { Loader } from 'layered-loader/core'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'
import { type BenchDB, openKysely } from '../sides/plain-kysely.ts'

type City = BenchDB['city']
type Country = BenchDB['country']

export async function open({ url, capacity }: PeerOptions): Promise<Peer> {
  const db = openKysely(url)
  const memory = { inMemoryCache: { ttlInMsecs: undefined, maxItems: capacity } }
  const createLoaders = () => ({
    city: new Loader<City, number>({
      ...memory,
      cacheKeyFromLoadParamsResolver: String,
      cacheKeyFromValueResolver: (city) => String(city.id),
      dataSourceGetOneFn: (id) =>
        db.selectFrom('city').selectAll().where('id', '=', id).executeTakeFirst().then(orNull),
      dataSourceGetManyFn: (ids) =>
        db.selectFrom('city').selectAll().where('id', 'in', ids.map(Number)).execute(),
    }),
    cityBySlug: new Loader<City>({
      ...memory,
      dataSourceGetOneFn: (slug) =>
        db.selectFrom('city').selectAll().where('slug', '=', slug).executeTakeFirst().then(orNull),
    }),
    country: new Loader<Country>({
      ...memory,
      dataSourceGetOneFn: (code) =>
        db.selectFrom('country').selectAll().where('code', '=', code).executeTakeFirst().then(orNull),
    }),
  })
  let loaders = createLoaders()
  const lookups: Lookups = {
    city: (id) => loaders.city.get(id),
    cityBySlug: (slug) => loaders.cityBySlug.get(slug),
    country: (code) => loaders.country.get(code),
    peekCity: (id) => loaders.city.getInMemoryOnly(id),
  }
  return {
    lookups,
    request: (work) => work(lookups),
    cities: (ids) => loaders.city.getMany(ids.map(String)),
    async restart() {
      loaders = createLoaders()
    },
    close: () => db.destroy(),
  }
}

/** Null is an absence that is remembered; undefined would be one that is not. */
function orNull<Row>(row: Row | undefined): Row | null {
  return row ?? null
}
