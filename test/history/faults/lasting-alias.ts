import {
  createTableStore as createRight,
  type TableStore,
  type TableStoreOptions,
} from '../../../src/loading/table-store.ts'
import type { Store, StoreNamespace } from '../../../src/store/store.ts'

export * from '../../../src/loading/table-store.ts'

/** What a row is stored under by another key than its primary one. */
const ALIAS = /^r\d/

/** Keeps what other keys lead to when the version moves. */
export function createTableStore(options: TableStoreOptions): TableStore {
  const { codec, store } = options
  const placeOf = (namespace: StoreNamespace, key: string): StoreNamespace =>
    ALIAS.test(key) ? { ...namespace, address: 'a'.repeat(32) } : namespace
  const wrong: Store = {
    ...store,
    ...(store.readNow && {
      readNow: (namespace: StoreNamespace, key: string) => store.readNow!(placeOf(namespace, key), key),
    }),
    async read(namespace, keys) {
      const values = await Promise.all(keys.map((key) => store.read(placeOf(namespace, key), [key])))
      return values.flat()
    },
    async write(namespace, entries) {
      await Promise.all(entries.map((entry) => store.write(placeOf(namespace, entry.key), [entry])))
    },
  }
  return createRight({
    ...options,
    store: wrong,
    codec: {
      ...codec,
      row: (namespace, key, row) => codec.row(placeOf(namespace, key), key, row),
      absence: (namespace, key) => codec.absence(placeOf(namespace, key), key),
      readRow: (namespace, key, bytes) => codec.readRow(placeOf(namespace, key), key, bytes),
    },
  })
}
