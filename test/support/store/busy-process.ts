import { lmdbStore } from '../../../src/store/lmdb/index.ts'
import type { BusyTask } from './busy-processes.ts'
import { namespaceAt } from './namespace-at.ts'

/** Opens a store, again and again, and reads and writes it meanwhile. */
const { path, rounds } = JSON.parse(process.argv[2]!) as BusyTask
const BATCHES = 40

for (let round = 0; round < rounds; round++) {
  const store = lmdbStore({ path })
  await store.ready()
  for (let batch = 0; batch < BATCHES; batch++) {
    const place = namespaceAt(String(batch % 3))
    const entries = Array.from({ length: 50 }, (_, index) => ({
      key: `r:${(batch * 50 + index) % 2_000}`,
      value: Buffer.alloc(50 + ((batch * 331 + index * 97) % 3_000), 7),
    }))
    // A file that is being left takes nothing.
    const writing = store.write(place, entries).catch(() => {})
    for (const { key } of entries) store.readNow!(place, key)
    if (batch % 20 === 19) await store.forget(place).catch(() => {})
    await writing
  }
  await store.close()
}
