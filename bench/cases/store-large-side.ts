/** A store of ten million rows, filled as a process fills it, and read at random: microseconds a row. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createDatabase, createRepositories, type Repository } from '../../src/index.ts'
import { tableKeys } from '../../src/keys/key.ts'
import { createRowReader } from '../../src/rows/row.ts'
import { lmdbStore } from '../../src/store/lmdb/index.ts'
import type { Store, StoreNamespace } from '../../src/store/store.ts'
import { createTableCodec } from '../../src/store/table-codec.ts'
import { createRandom } from '../../test/support/random.ts'
import type { Measured } from '../side.ts'
import type { Task } from '../side-process.ts'
import { metadataOf } from '../sides/lookup.ts'
import { startStopwatch } from '../stopwatch.ts'

export interface StoreLargeOptions {
  readonly [name: string]: string | number | boolean
  readonly folder: string
  readonly rows: number
  /** Of each round. */
  readonly reads: number
}

type Row = Record<string, unknown>
type Cities = Repository<Row, unknown, unknown> & { all(): Promise<readonly Row[]> }

const MAX_BYTES = 16 * 1024 ** 3
/**
 * Next to every read goes to the store. With more rows than the young generation takes, each of them would be copied twice before it makes
 * room for another one.
 */
const MAX_ROWS = 1_000
const CHUNK = 500
const REPORT = 1_000_000

export async function prepare(task: Task): Promise<Measured> {
  const { folder, rows, reads } = task.options as StoreLargeOptions
  const db = createDatabase<Record<string, Row>>({ uri: task.url })
  const { city } = await metadataOf(db)
  const store = lmdbStore({ path: folder, maxBytes: MAX_BYTES })
  await store.ready()

  async function openCities(maxRows: number, below: Store) {
    const cache = { city: { mode: 'versioned', maxRows } } as const
    const repos = createRepositories({ db, tables: { city: city! }, cache, store: below })
    await repos.$ready()
    return { repos, cities: repos.$table('city') as unknown as Cities }
  }

  /** Where the rows of the table are stored; and these rows, as a pattern for others. */
  async function learn() {
    let namespace: StoreNamespace | undefined
    const { repos, cities } = await openCities(200_000, {
      ...store,
      writeAfter: 0,
      async write(to) {
        namespace = to
      },
    })
    const patterns = await cities.all()
    await repos.$close()
    return { namespace: namespace!, patterns }
  }

  const filled = await fill()
  const { repos, cities } = await openCities(MAX_ROWS, store)
  const random = createRandom(5)

  /** In a function of its own: the patterns are let go of. */
  async function fill(): Promise<number> {
    const { namespace, patterns } = await learn()
    const codec = createTableCodec({
      keys: tableKeys(city!),
      reader: createRowReader(city!),
      maxAge: store.maxAge,
    })
    const filling = startStopwatch()
    for (let from = 0; from < rows; from += CHUNK) {
      const entries = Array.from({ length: Math.min(CHUNK, rows - from) }, (_, index) => {
        const id = from + index + 1
        const pattern = patterns[id % patterns.length]!
        const row = { ...pattern, id, slug: `${String(pattern.country_code).toLowerCase()}-${id}` }
        return codec.row(namespace, codec.ownKey(row)!, row)!
      })
      await store.write(namespace, entries)
      if ((from + CHUNK) % REPORT === 0) console.error(`        ${from + CHUNK} rows are stored`)
    }
    return filling().wall / 1e9
  }

  return {
    async round() {
      const { storeHits } = repos.$stats().city!
      const stopwatch = startStopwatch()
      for (let left = reads; left > 0; left--) {
        const id = random.below(rows) + 1
        const row = await cities.findByKey(id)
        if (row?.id !== id) throw new Error(`row ${id} is not there`)
      }
      const { wall, cpu } = stopwatch()
      return {
        microseconds: wall / 1e3 / reads,
        cpu: cpu / 1e3 / reads,
        'reads of the store': (repos.$stats().city!.storeHits - storeHits) / reads,
        'heap, MB': await heap(),
        'MB of the file': await fileSize(folder),
        'seconds to fill': filled,
      }
    },
    async close() {
      await repos.$close()
      await store.close()
      await db.destroy()
    },
  }
}

async function heap(): Promise<number> {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc!()
    await new Promise(setImmediate)
  }
  return process.memoryUsage().heapUsed / 1024 ** 2
}

async function fileSize(folder: string): Promise<number> {
  const name = (await readdir(folder)).find((one) => one.endsWith('.mdb'))!
  return (await stat(join(folder, name))).size / 1024 ** 2
}
