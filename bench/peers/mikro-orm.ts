/**
 * MikroORM, an EntityManager per request: `findOne` and its identity map (`identity map`), references that its
 * dataloader batches (`dataloader`), or `findOne` with the result cache in memory (`result cache`).
 */
import { defineEntity, type EntityManager, p } from '@mikro-orm/core'
import { MikroORM } from '@mikro-orm/mysql'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'

const City = defineEntity({
  name: 'city',
  properties: {
    id: p.integer().unsigned().primary(),
    slug: p.string().length(20).unique(),
    country_code: p.character().length(2).fieldName('country_code'),
    position: p.integer().unsigned(),
    name: p.string().length(200),
    admin_code: p.string().length(20).nullable().fieldName('admin_code'),
    feature_code: p.string().length(10).fieldName('feature_code'),
    population: p.integer().unsigned(),
  },
})

const Country = defineEntity({
  name: 'country',
  properties: {
    code: p.character().length(2).primary(),
    alpha3: p.character().length(3).unique(),
    name: p.string().length(100),
    native_name: p.string().length(100).fieldName('native_name'),
    capital: p.string().length(100).nullable(),
    continent: p.character().length(2),
  },
})

const FOR_LONG = 3_600_000

export async function open({ url, variant }: PeerOptions): Promise<Peer> {
  const start = () =>
    MikroORM.init({
      entities: [City, Country],
      clientUrl: url,
      pool: { min: 0, max: 10 },
      dataloader: variant === 'dataloader',
      resultCache: { expiration: FOR_LONG },
    })
  let orm = await start()
  const options = variant === 'result cache' ? { cache: FOR_LONG } : {}
  const lookupsOf = (em: EntityManager): Lookups =>
    variant === 'dataloader'
      ? {
          city: (id) => em.getReference(City, id, { wrapped: true }).load(),
          country: (code) => em.getReference(Country, code, { wrapped: true }).load(),
        }
      : {
          city: (id) => em.findOne(City, id, options),
          cityBySlug: (slug) => em.findOne(City, { slug }, options),
          country: (code) => em.findOne(Country, code, options),
        }
  return {
    request: (work) => work(lookupsOf(orm.em.fork())),
    cities: (ids) => orm.em.fork().find(City, { id: { $in: [...ids] } }),
    async restart() {
      if (variant !== 'result cache') return
      await orm.close()
      orm = await start()
    },
    preload: () => orm.em.fork().findAll(City),
    close: () => orm.close(),
  }
}
