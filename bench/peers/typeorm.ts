/** TypeORM: `findOneBy` for single rows, `In` for lists. Its own cache is a table or Redis, and is left off. */
import { DataSource, EntitySchema, In } from 'typeorm'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'
import type { BenchDB } from '../sides/plain-kysely.ts'

const City = new EntitySchema<BenchDB['city']>({
  name: 'city',
  columns: {
    id: { type: 'int', unsigned: true, primary: true },
    slug: { type: 'varchar', length: 20, unique: true },
    country_code: { type: 'char', length: 2 },
    position: { type: 'int', unsigned: true },
    name: { type: 'varchar', length: 200 },
    admin_code: { type: 'varchar', length: 20, nullable: true },
    feature_code: { type: 'varchar', length: 10 },
    population: { type: 'int', unsigned: true },
  },
})

const Country = new EntitySchema<BenchDB['country']>({
  name: 'country',
  columns: {
    code: { type: 'char', length: 2, primary: true },
    alpha3: { type: 'char', length: 3, unique: true },
    name: { type: 'varchar', length: 100 },
    native_name: { type: 'varchar', length: 100 },
    capital: { type: 'varchar', length: 100, nullable: true },
    continent: { type: 'char', length: 2 },
  },
})

export async function open({ url }: PeerOptions): Promise<Peer> {
  const source = new DataSource({ type: 'mysql', url, poolSize: 10, entities: [City, Country] })
  await source.initialize()
  const cities = source.getRepository(City)
  const countries = source.getRepository(Country)
  const lookups: Lookups = {
    city: (id) => cities.findOneBy({ id }),
    cityBySlug: (slug) => cities.findOneBy({ slug }),
    country: (code) => countries.findOneBy({ code }),
  }
  return {
    lookups,
    request: (work) => work(lookups),
    cities: (ids) => cities.findBy({ id: In(ids) }),
    async restart() {},
    preload: () => cities.find(),
    close: () => source.destroy(),
  }
}
