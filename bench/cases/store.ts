/** Rows from a store that another process has filled, in a process that holds none of them yet. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kysely } from 'kysely'
import { createDatabase, createRepositories, type Repository } from '../../src/index.ts'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import type { Store } from '../../src/store/store.ts'
import { readCityKeys } from '../city-keys.ts'
import { type BenchContext, onEachServer } from '../context.ts'
import type { Figure } from '../figure.ts'
import { median } from '../median.ts'
import type { BenchServer } from '../servers.ts'
import { metadataOf } from '../sides/lookup.ts'
import { startStopwatch } from '../stopwatch.ts'

type AnyDB = Record<string, Record<string, unknown>>
type Cities = Repository<object, unknown, unknown>

const LONE_READS = 2_000

export const store = (context: BenchContext): Promise<Figure[]> => onEachServer(context, measureOn)

async function measureOn(server: BenchServer, quick: boolean): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-bench-'))
  const lmdb = lmdbStore({ path: join(folder, 'store') })
  await using db = createDatabase<AnyDB>({ uri: server.url })
  try {
    const keys = await readCityKeys(server.url)
    await fill(db, lmdb)
    const times: Record<string, number[]> = {
      'lone statement': [],
      'lmdb store': [],
      preload: [],
      'preload, lmdb store': [],
    }
    for (let left = quick ? 3 : 7; left > 0; left--) {
      times['lone statement']!.push(await perRow(db, undefined, keys.slice(0, LONE_READS)))
      times['lmdb store']!.push(await perRow(db, lmdb, keys))
      times.preload!.push(await preloadTime(db, undefined))
      times['preload, lmdb store']!.push(await preloadTime(db, lmdb))
    }
    const one = (side: string, what: string, unit: string, against: string): Figure => {
      const value = median(times[side]!)
      return {
        ...{ case: 'store', server: server.name, what, side, unit, value, against },
        ratio: value / median(times[against]!),
      }
    }
    const size = await fileSize(join(folder, 'store'))
    return [
      one('lone statement', 'findByKey, first touch of each of 135,000 rows', 'µs', 'lone statement'),
      {
        ...one('lmdb store', 'findByKey, first touch of each of 135,000 rows', 'µs', 'lone statement'),
        more: { megabytes: size },
      },
      one('preload', 'preload of 135,000 rows', 'ms', 'preload'),
      one('preload, lmdb store', 'preload of 135,000 rows', 'ms', 'preload'),
    ]
  } finally {
    await lmdb.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function openCities(db: Kysely<AnyDB>, store: Store | undefined) {
  const { city } = await metadataOf(db)
  const repos = createRepositories({
    db,
    tables: { city: city! },
    cache: { city: { mode: 'versioned', maxRows: 200_000 } },
    ...(store && { store }),
  })
  await repos.$ready()
  return { cities: repos.$table('city') as unknown as Cities, close: () => repos.$close() }
}

async function fill(db: Kysely<AnyDB>, store: Store): Promise<void> {
  const { cities, close } = await openCities(db, { ...store, writeAfter: 0 })
  await cities.preload()
  await close()
}

/** Microseconds. */
async function perRow(
  db: Kysely<AnyDB>,
  store: Store | undefined,
  keys: readonly { readonly id: number }[],
): Promise<number> {
  const { cities, close } = await openCities(db, store)
  const times = startStopwatch()
  for (const { id } of keys) await cities.findByKey(id)
  const { wall } = times()
  await close()
  return wall / 1_000 / keys.length
}

/** Milliseconds. */
async function preloadTime(db: Kysely<AnyDB>, store: Store | undefined): Promise<number> {
  const { cities, close } = await openCities(db, store)
  const times = startStopwatch()
  await cities.preload()
  const { wall } = times()
  await close()
  return wall / 1e6
}

async function fileSize(folder: string): Promise<number> {
  const name = (await readdir(folder)).find((one) => one.endsWith('.mdb'))
  return name ? (await stat(join(folder, name))).size / 1024 ** 2 : 0
}
