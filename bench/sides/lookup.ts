/**
 * This library: cities and countries per request only (`request`), `immutable`, `versioned`, or `expiring` after
 * an hour; `immutable, one key` as
 * if the tables had no other key than the primary one, `versioned, one slot` from a table with one version row, `request, no scope`
 * outside of requests.
 */
import type { Kysely } from 'kysely'
import { createDatabase, createRepositories, type Repository } from '../../src/index.ts'
import type { TableMetadata, TablesMetadata } from '../../src/metadata.ts'
import type { CacheModes } from '../../src/repositories/repositories-options.ts'
import { readSchema } from '../../src/schema/read-schema.ts'
import type { Lookups, Peer, PeerOptions } from '../peer.ts'
import { openStore } from '../stores.ts'

type AnyDB = Record<string, Record<string, unknown>>
type AnyRepository = Repository<object, unknown, unknown>

export async function open({ url, variant, capacity, store: at }: PeerOptions): Promise<Peer> {
  const db = createDatabase<AnyDB>({ uri: url })
  const [mode, more] = variant.split(', ') as ['request' | 'immutable' | 'versioned' | 'expiring', string?]
  const oneKey = more === 'one key'
  const inScope = more !== 'no scope'
  const { city, town, country } = await metadataOf(db)
  const name = more === 'one slot' ? 'town' : 'city'
  const known = (table: TableMetadata) => (oneKey ? { ...table, uniqueKeys: [] } : table)
  const tables = { city: known(city!), town: known(town!), country: known(country!) }
  const cached = mode === 'request' ? undefined : cacheMode(mode, capacity)
  const cache: CacheModes<typeof tables> = cached ? { [name]: cached, country: cached } : {}
  const store = at === undefined ? undefined : openStore(at)
  const make = async () => {
    const made = createRepositories({ db, tables, cache, ...(store && { store }) })
    await made.$ready()
    return made
  }
  let repos = await make()
  let lookups = lookupsOf(repos, name)
  return {
    get lookups() {
      return lookups
    },
    request: (work) => repos.$request(() => work(lookups)),
    cities(ids) {
      const city = tableOf(inScope ? repos.$forRequest() : repos, name)
      return city.findByKeys(ids) as Promise<unknown[]>
    },
    async restart() {
      await repos.$close()
      repos = await make()
      lookups = lookupsOf(repos, name)
    },
    preload: () => tableOf(repos, name).preload(),
    statements: () => Object.values(repos.$stats()).reduce((sum, { statements }) => sum + statements, 0),
    async close() {
      await repos.$close()
      await store?.close()
      await db.destroy()
    },
  }
}

function cacheMode(mode: 'immutable' | 'versioned' | 'expiring', maxRows: number) {
  return mode === 'expiring' ? { mode, maxAge: 3_600_000, maxRows } : { mode, maxRows }
}

/** The metadata of all tables, as `kysely-lookup generate` writes it. */
export async function metadataOf<DB>(db: Kysely<DB>): Promise<TablesMetadata> {
  const { tables } = await readSchema(db)
  return Object.fromEntries(tables.map(({ metadata }) => [metadata.name, metadata]))
}

function lookupsOf(repos: { $table(name: string): unknown }, name: string): Lookups {
  const city = tableOf(repos, name)
  const country = tableOf(repos, 'country')
  return {
    city: (id) => city.findByKey(id),
    cityBySlug: (slug) => city.findByKey({ slug }),
    cityByPosition: (country_code, position) => city.findByKey({ country_code, position }),
    country: (code) => country.findByKey(code),
    peekCity: (id) => city.peek(id),
  }
}

function tableOf(repos: { $table(name: string): unknown }, name: string): AnyRepository {
  return repos.$table(name) as AnyRepository
}
