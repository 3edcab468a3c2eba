/** Kysely alone: a query for each row (`one`), or for a list of keys (`in`). */
import type { Lookups, Peer, PeerOptions } from '../peer.ts'
import { openKysely } from './plain-kysely.ts'

export async function open({ url, variant }: PeerOptions): Promise<Peer> {
  const db = openKysely(url)
  const lookups: Lookups = {
    city: (id) => db.selectFrom('city').selectAll().where('id', '=', id).executeTakeFirst(),
    cityBySlug: (slug) => db.selectFrom('city').selectAll().where('slug', '=', slug).executeTakeFirst(),
    country: (code) => db.selectFrom('country').selectAll().where('code', '=', code).executeTakeFirst(),
  }
  return {
    lookups,
    request: (work) => work(lookups),
    cities: (ids) =>
      variant === 'in'
        ? db.selectFrom('city').selectAll().where('id', 'in', ids).execute()
        : Promise.all(ids.map((id) => lookups.city(id))),
    async restart() {},
    preload: () => db.selectFrom('city').selectAll().execute(),
    close: () => db.destroy(),
  }
}
