/**
 * What cold batches leave behind where only the young space is collected, as between requests of a busy service; as JSON.
 *
 *     node $FLAGS test/heap/cold-batches.ts (none | $forRequest | $request | closed) [--leak]
 *
 * TEST_SERVER_URL says where, test/project/cost.test.ts which flags: the young space is large, so that it is collected between
 * batches alone; the whole heap is not collected. An answer that survives a young collection, or that the engine has put into the old
 * space from the beginning, stays until the whole heap is looked at: it is no leak, but costs more than the batch.
 * --leak plants that: an object literal with a getter that leads to the rows.
 */
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { type AnyRow, lookups, numbered } from '../support/lookups.ts'

const KEYS = 1000
const WARM = 50
const BATCHES = 200

export interface ColdBatchesResult {
  /** Bytes that each batch of 1,000 keys left. */
  readonly bytesPerBatch: number
  /** Collections of the whole heap meanwhile, which would hide what is kept. */
  readonly wholeCollections: number
}

type CollectionEntry = PerformanceEntry & { readonly detail: { readonly kind: number } }

const { values, positionals } = parseArgs({
  options: { leak: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const { gc } = globalThis
if (!gc) throw new Error('expected node --expose-gc')
await using data = await lookups(numbered('product', KEYS), { connectionLimit: 1 })
await using repos = data.repositories()
await repos.$ready()
const ids = Array.from({ length: KEYS }, (_, at) => at + 1)

type Rows = readonly (AnyRow | undefined)[]
const kinds: Readonly<Record<string, () => Promise<Rows>>> = {
  none: () => repos.product!.findByKeys(ids),
  $forRequest: () => repos.$forRequest().product!.findByKeys(ids),
  $request: () => repos.$request(() => repos.product!.findByKeys(ids)),
  async closed() {
    await using own = data.repositories({ cache: { product: { mode: 'immutable', maxRows: KEYS } } })
    return await own.product!.findByKeys(ids)
  },
}
const read = kinds[positionals[0]!]
if (!read) throw new Error(`expected one of ${Object.keys(kinds).join(', ')}, got ${positionals[0]}`)

for (let batch = 0; batch < WARM; batch++) await batchAndCollection()
gc()
let wholeCollections = 0
const collections = new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries() as CollectionEntry[]) {
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) wholeCollections++
  }
})
collections.observe({ type: 'gc' })
const before = process.memoryUsage().heapUsed
for (let batch = 0; batch < BATCHES; batch++) await batchAndCollection()
const grown = process.memoryUsage().heapUsed - before
await new Promise(setImmediate)
console.log(
  JSON.stringify({
    bytesPerBatch: Math.round(grown / BATCHES),
    wholeCollections,
  } satisfies ColdBatchesResult),
)

async function readBatch(): Promise<void> {
  const rows = await read!()
  if (rows.length !== KEYS || rows.includes(undefined)) throw new Error('expected a row for each key')
  if (values.leak) gettersOf(rows)
}

async function batchAndCollection(): Promise<void> {
  await readBatch()
  await new Promise(setImmediate)
  // One alone: what a second would find, the next batch may let go of.
  gc!({ type: 'minor' })
}

function gettersOf(rows: Rows) {
  return {
    get rows() {
      return rows
    },
  }
}
