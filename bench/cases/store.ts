/** Rows from a store that another process has filled, in processes that hold none of them yet. */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRandom } from '../../test/support/random.ts'
import { startRedisServer } from '../../test/support/redis/redis-server.ts'
import { readCityKeys } from '../city-keys.ts'
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import { fillStore } from '../fill-store.ts'
import type { Side } from '../peer.ts'
import { createRequests } from '../requests.ts'
import { type Comparison, compare, type Rounds } from '../rounds.ts'
import type { BenchServer } from '../servers.ts'
import { startSide } from '../side-process.ts'
import { cellOf } from '../table.ts'
import type { HitsOptions } from './hits-side.ts'
import type { ServiceOptions } from './service-side.ts'
import { DEMO_BASELINE, demoFigure, measureDemo } from './store-demo.ts'
import { type FleetPlan, measureHerd, measureMemory } from './store-fleet.ts'
import type { StoreOptions } from './store-side.ts'
import type { StoreStartOptions } from './store-start-side.ts'

const ROWS = 135_000
/** Each is a statement where there is no store. */
const LONE_READS = 2_000
const CONCURRENCY = 20
const REQUESTS = 400
const HERD_KEYS = 10_000

const IDEAL = 'Kysely + DataLoader + Map'
const ideal: Side = { module: 'sides/dataloader', variant: 'ideal' }
const versioned: Side = { module: 'sides/lookup', variant: 'versioned' }

/** Where one server's rows are stored, and what the sides need to know. */
interface Place {
  readonly server: BenchServer
  readonly lmdb: string
  readonly redis: string
  readonly folder: string
  readonly ids: readonly number[]
  readonly quick: boolean
}

type Part = (place: Place, what: string) => Promise<Figure[]>

const PARTS: Record<string, Part> = {
  'findByKey, first touch of each of 135,000 rows': (place, what) => firstTouch(place, what, false),
  'findByKey, first touch in random order': (place, what) => firstTouch(place, what, true),
  'findByKeys, first touch of 135,000 rows, 1,000 at a time': lists,
  'preload of 135,000 rows': preload,
  'cold service in a new process': coldStart,
  'cold service, code compiled': coldService,
  'hits, 1,000 hot rows, with and without a store': (place, what) => hits(place, what, false),
  'hits in a scope, 1,000 hot rows, with and without a store': (place, what) => hits(place, what, true),
  'memory that the rows take in 8 processes': (place, what) =>
    measureMemory(fleetOf(place, what), place.lmdb),
  '8 processes begin cold with the same 10,000 keys': (place, what) => measureHerd(fleetOf(place, what)),
  [demoFigure.what]: demo,
}

export async function store({ servers, quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  await using redis = await startRedisServer()
  for (const server of servers) {
    const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-bench-'))
    const lmdb = join(folder, 'store')
    try {
      progress(`${server.name}: filling the stores`)
      for (const at of [lmdb, redis.url]) await fillStore(server.url, at)
      const keys = (await readCityKeys(server.url)).map(({ id }) => id)
      const ids = createRandom(1).shuffled(keys)
      await writeFile(idsIn(folder), JSON.stringify(ids))
      await writeFile(herdIn(folder), JSON.stringify(ids.slice(0, HERD_KEYS)))
      for (const [what, measure] of Object.entries(PARTS)) {
        if (!wants(what)) continue
        progress(`${server.name}: ${what}`)
        const measured = await measure({ server, lmdb, redis: redis.url, folder, ids, quick }, what)
        for (const figure of measured) progress(`  ${figure.side}: ${cellOf(figure)}`)
        figures.push(...measured)
      }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  return figures
}

const idsIn = (folder: string) => join(folder, 'ids.json')
const herdIn = (folder: string) => join(folder, 'herd.json')

async function firstTouch({ server, lmdb, quick }: Place, what: string, random: boolean): Promise<Figure[]> {
  const side = (own: Side, rows: number) => reading(server, own, { reads: 'one', rows, random })
  const comparison = await compareSides('a lone statement', quick, {
    'a lone statement': side(versioned, LONE_READS),
    'lmdb store': side({ ...versioned, store: lmdb }, ROWS),
  })
  const size = await fileSize(lmdb)
  return figures({ server, what, unit: 'µs a row' }, comparison, 'a lone statement').map((figure) =>
    figure.side === 'lmdb store' ? { ...figure, more: { ...figure.more, 'MB of the file': size } } : figure,
  )
}

async function lists(place: Place, what: string): Promise<Figure[]> {
  const comparison = await compareSides(
    'server',
    place.quick,
    sidesOf(place, { reads: 'lists', rows: ROWS, random: true }),
  )
  return figures({ server: place.server, what, unit: 'µs a row' }, comparison, 'server')
}

async function preload(place: Place, what: string): Promise<Figure[]> {
  const comparison = await compareSides(
    'server',
    place.quick,
    sidesOf(place, { reads: 'preload', rows: ROWS, random: false }),
  )
  return figures({ server: place.server, what, unit: 'ms' }, comparison, 'server')
}

function sidesOf({ server, lmdb, redis }: Place, options: StoreOptions): Rounds['sides'] {
  return {
    server: reading(server, versioned, options),
    'lmdb store': reading(server, { ...versioned, store: lmdb }, options),
    'Redis store': reading(server, { ...versioned, store: redis }, options),
  }
}

function reading(server: BenchServer, side: Side, options: StoreOptions) {
  return () => startSide({ case: 'store', side, url: server.url, options, node: ['--expose-gc'] })
}

function compareSides(baseline: string, quick: boolean, sides: Rounds['sides']) {
  return compare({ baseline, processes: 1, rounds: quick ? 3 : 15, seconds: 8, warmup: quick ? 1 : 3, sides })
}

/** Each round has new processes. */
async function coldStart(
  { server, lmdb, redis, folder, ids, quick }: Place,
  what: string,
): Promise<Figure[]> {
  const all = createRequests(
    [...ids].sort((one, other) => one - other),
    REQUESTS,
  )
  const asked = new Set(all.flat())
  const requests = join(folder, 'requests.json')
  await writeFile(requests, JSON.stringify(all))
  const otherCity = ids.find((id) => !asked.has(id))!
  const options: StoreStartOptions = { requests, concurrency: CONCURRENCY, otherCity }
  const comparison = await compare({
    baseline: IDEAL,
    processes: quick ? 2 : 7,
    rounds: 1,
    warmup: 0,
    sides: servicesOf({ lmdb, redis }, (side) => ({ case: 'store-start', side, url: server.url, options })),
  })
  return figures({ server, what, unit: 'requests/s' }, comparison, IDEAL)
}

async function coldService({ server, lmdb, redis, quick }: Place, what: string): Promise<Figure[]> {
  const options: ServiceOptions = {
    ...{ cold: true, http: false, requests: REQUESTS },
    ...{ concurrency: CONCURRENCY, times: 1 },
  }
  const comparison = await compare({
    baseline: IDEAL,
    processes: 1,
    rounds: quick ? 3 : 15,
    seconds: 25,
    warmup: 5,
    sides: servicesOf({ lmdb, redis }, (side) => ({ case: 'service', side, url: server.url, options })),
  })
  return figures({ server, what, unit: 'requests/s' }, comparison, IDEAL)
}

function servicesOf(
  { lmdb, redis }: Pick<Place, 'lmdb' | 'redis'>,
  task: (side: Side) => Parameters<typeof startSide>[0],
): Rounds['sides'] {
  return {
    [IDEAL]: () => startSide(task(ideal)),
    'kysely-lookup, no store': () => startSide(task(versioned)),
    'kysely-lookup, lmdb store': () => startSide(task({ ...versioned, store: lmdb })),
    'kysely-lookup, Redis store': () => startSide(task({ ...versioned, store: redis })),
  }
}

async function hits({ server, lmdb, quick }: Place, what: string, scoped: boolean): Promise<Figure[]> {
  const options: HitsOptions = { by: 'primary key', hot: 1_000, reads: 100_000, scoped }
  const side = (own: Side) => () => startSide({ case: 'hits', side: own, url: server.url, options })
  const comparison = await compare({
    baseline: 'no store',
    processes: quick ? 1 : 3,
    rounds: quick ? 10 : 24,
    warmup: 5,
    sides: { 'no store': side(versioned), 'lmdb store': side({ ...versioned, store: lmdb }) },
  })
  return figures({ server, what, unit: 'ns' }, comparison, 'no store')
}

async function demo({ server, quick }: Place, what: string): Promise<Figure[]> {
  return figures({ server, what, unit: demoFigure.unit }, await measureDemo(server.url, quick), DEMO_BASELINE)
}

function fleetOf({ server, folder, quick }: Place, what: string): FleetPlan {
  const ids = what.includes('cold') ? herdIn(folder) : idsIn(folder)
  return { common: { case: 'store', server: server.name, what }, url: server.url, ids, quick }
}

function figures(
  { server, what, unit }: { readonly server: BenchServer; readonly what: string; readonly unit: string },
  comparison: Readonly<Record<string, Comparison>>,
  against: string,
): Figure[] {
  return figuresOf({ case: 'store', server: server.name, what, unit }, comparison, against)
}

/** In megabytes. */
async function fileSize(folder: string): Promise<number> {
  const name = (await readdir(folder)).find((one) => one.endsWith('.mdb'))
  return name ? (await stat(join(folder, name))).size / 1024 ** 2 : 0
}
