/** A process that writes and reads one entry of an lmdb store, or fills it, and tells as JSON how that went. */
import { subscribe } from 'node:diagnostics_channel'
import { lmdbStore } from '../../../src/store/lmdb/index.ts'
import { namespaceAt } from './namespace-at.ts'

/** What it tells. */
export interface StoreUse {
  /** The states that were reported, with their problems. */
  readonly events: readonly string[]
  /** What was read, at once and later. */
  readonly read: readonly (string | null)[]
  /** Of entries of 50,000 bytes. */
  readonly written: number
  readonly failures: number
  readonly claims: readonly boolean[]
  readonly error?: string
}

const [path, text, entries = '0'] = process.argv.slice(2) as [string, string?, string?]
const events: string[] = []
subscribe('kysely-lookup:store', (message) => {
  const { state, problem } = message as { readonly state: string; readonly problem?: string }
  events.push(problem === undefined ? state : `${state}: ${problem}`)
})
const place = namespaceAt('a')

async function use(): Promise<StoreUse> {
  const store = lmdbStore({ path })
  await store.ready()
  let failures = 0
  const write = (key: string, value: Uint8Array) =>
    store.write(place, [{ key, value }]).catch(() => {
      failures++
    })
  if (text) await write('r:1', Buffer.from(text))
  for (let index = 0; index < Number(entries); index++) await write(`x:${index}`, Buffer.alloc(50_000, 1))
  const keys = Array.from({ length: Number(entries) }, (_, index) => `x:${index}`)
  const large = await store.read(place, keys)
  const [later] = await store.read(place, ['r:1'])
  const now = store.readNow!(place, 'r:1')
  const read = [now, later].map((value) => (value ? Buffer.from(value).toString() : null))
  const claims = [await store.claim!(place, 'batch', 60_000), await store.claim!(place, 'batch', 60_000)]
  try {
    await store.machine!.put('poll', 'x'.repeat(10_000))
  } catch {
    failures++
  }
  await store.close()
  return { events, read, written: large.filter(Boolean).length, failures, claims }
}

const used = await use().catch((error: Error) => ({ events, error: error.message }))
console.log(JSON.stringify(used))
