/** bentocache: its memory layer, which keeps the objects themselves, filled by `getOrSet`. */
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'
import { openKysely } from '../sides/plain-kysely.ts'

export async function open({ url, capacity }: PeerOptions): Promise<Peer> {
  const db = openKysely(url)
  const create = () =>
    new BentoCache({
      default: 'memory',
      stores: {
        memory: bentostore({ ttl: null }).useL1Layer(memoryDriver({ maxItems: capacity, serialize: false })),
      },
    })
  let cache = create()
  const lookups: Lookups = {
    city: (id) =>
      cache.getOrSet({
        key: `city:${id}`,
        factory: () => db.selectFrom('city').selectAll().where('id', '=', id).executeTakeFirst(),
      }),
    cityBySlug: (slug) =>
      cache.getOrSet({
        key: `city-by-slug:${slug}`,
        factory: () => db.selectFrom('city').selectAll().where('slug', '=', slug).executeTakeFirst(),
      }),
    country: (code) =>
      cache.getOrSet({
        key: `country:${code}`,
        factory: () => db.selectFrom('country').selectAll().where('code', '=', code).executeTakeFirst(),
      }),
  }
  return {
    lookups,
    request: (work) => work(lookups),
    async restart() {
      await cache.disconnectAll()
      cache = create()
    },
    async close() {
      await cache.disconnectAll()
      await db.destroy()
    },
  }
}
