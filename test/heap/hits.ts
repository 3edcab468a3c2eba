/**
 * What hits allocate, by kind of hit, as JSON: bytes of 10,000 of them, and of the same number of reads of a Map.
 *
 *     node --expose-gc --min-semi-space-size=32 --max-semi-space-size=32 test/heap/hits.ts
 *
 * TEST_SERVER_URL says where; the young space is large, so that nothing is collected while it is measured.
 */
import { createRepositories } from '../../src/index.ts'
import { trackVersion } from '../../src/migration/index.ts'
import { type AnyRepository, metadataOf, numbered } from '../support/lookups.ts'
import { migrating } from '../support/migration/migrating.ts'

const HITS = 10_000
const KEYS = 100
/** The middle one counts: code is compiled and thrown away in some. */
const ROUNDS = 21

/** Bytes of 10,000 reads. */
export type HitsResult = Readonly<Record<string, { readonly hits: number; readonly bare: number }>>

interface Kind {
  readonly keys: readonly unknown[]
  hit(key: unknown): unknown
}

const { gc } = globalThis
if (!gc) throw new Error('expected node --expose-gc')
await using data = await migrating([
  ...numbered('product', KEYS),
  ...numbered('tariff', KEYS),
  ...numbered('rate', KEYS),
  `create table price (product int not null, year int not null, cents int not null, primary key (product, year))`,
  `insert into price values ${Array.from({ length: KEYS }, (_, at) => `(${at + 1}, 2026, 100)`).join(', ')}`,
])
await trackVersion(data.db, 'tariff')
await using repos = createRepositories({
  db: data.db,
  tables: await metadataOf(data.db),
  cache: {
    product: 'immutable',
    price: 'immutable',
    tariff: 'versioned',
    rate: { mode: 'expiring', maxAge: 3_600_000 },
  },
  versions: { pollInterval: 2 ** 31 - 1 },
})
const product = repos.$table('product') as unknown as AnyRepository
const tariff = repos.$table('tariff') as unknown as AnyRepository
const rate = repos.$table('rate') as unknown as AnyRepository
const price = repos.$table('price') as unknown as AnyRepository
for (const one of [product, tariff, rate, price]) await one.preload()

const ids = Array.from({ length: KEYS }, (_, at) => at + 1)
const pairs = ids.map((id) => ({ product: id, year: 2026 }))
const promises = new Map(ids.map((id) => [id, Promise.resolve({ id })]))

const result: Record<string, { hits: number; bare: number }> = {}
const awaited: Record<string, Kind> = {
  'findByKey, immutable': { keys: ids, hit: (key) => product.findByKey(key) },
  'findByKey, versioned': { keys: ids, hit: (key) => tariff.findByKey(key) },
  'findByKey, composite': { keys: pairs, hit: (key) => price.findByKey(key) },
}
for (const [name, kind] of Object.entries(awaited)) await repos.$request(() => measure(name, kind))
// A request remembers what an expiring table answers it; outside of one, a hit reads the clock, which allocates a number.
await measure('findByKey, expiring', { keys: ids, hit: (key) => rate.findByKey(key) }, readPromiseAndClock)
const synchronous: Record<string, Kind> = {
  'peek, immutable': { keys: ids, hit: (key) => product.peek(key) },
  'peek, versioned': { keys: ids, hit: (key) => tariff.peek(key) },
  'peek, expiring': { keys: ids, hit: (key) => rate.peek(key) },
  'peek, composite': { keys: pairs, hit: (key) => price.peek(key) },
}
for (const [name, kind] of Object.entries(synchronous)) {
  const hits = await medianOf(() => calling(kind))
  const bareHit = name === 'peek, expiring' ? readPromiseAndClock : readPromise
  const bare = await medianOf(() => calling({ keys: ids, hit: bareHit }))
  result[name] = { hits, bare }
}
console.log(JSON.stringify(result satisfies HitsResult))

async function measure(name: string, kind: Kind, bareHit: Kind['hit'] = readPromise): Promise<void> {
  const hits = await medianOf(() => awaiting(kind))
  const bare = await medianOf(() => awaiting({ keys: ids, hit: bareHit }))
  result[name] = { hits, bare }
}

function readPromise(key: unknown): unknown {
  return promises.get(key as number)
}

function readPromiseAndClock(key: unknown): unknown {
  return Date.now() > 0 && promises.get(key as number)
}

async function medianOf(work: () => Promise<number>): Promise<number> {
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await work())
  return rounds.sort((one, other) => one - other)[(ROUNDS - 1) / 2]!
}

/** Bytes that are allocated meanwhile, also what nothing holds any more. */
async function awaiting({ keys, hit }: Kind): Promise<number> {
  gc!()
  const before = process.memoryUsage().heapUsed
  for (let at = 0; at < HITS; at++) if (!(await hit(keys[at % KEYS]))) throw new Error('expected a row')
  return process.memoryUsage().heapUsed - before
}

async function calling({ keys, hit }: Kind): Promise<number> {
  gc!()
  const before = process.memoryUsage().heapUsed
  for (let at = 0; at < HITS; at++) if (!hit(keys[at % KEYS])) throw new Error('expected a row')
  return process.memoryUsage().heapUsed - before
}
