import { recordingPublication } from '../../../src/loading/recording-publication.ts'
import { createStoreWriter, type StoreWriter } from '../../../src/loading/store-writer.ts'
import {
  createTableStore as createRight,
  type TableStore,
  type TableStoreOptions,
} from '../../../src/loading/table-store.ts'
import { takeRows } from '../../../src/rows/rows-read.ts'
import type { StoreNamespace } from '../../../src/store/store.ts'

export * from '../../../src/loading/table-store.ts'

/** How long (ms) what was read is on its way to the store at most: long enough for changes in between, and for what they bring. */
const DELAY = 300

/** Takes in what may be shared with nobody. */
const NOWHERE: Parameters<typeof recordingPublication>[0] = {
  publish: (row) => ({ row, promise: undefined }),
  publishAll: (rows) => takeRows(rows).map((row) => ({ row, promise: undefined })),
  publishAbsence() {},
  publishList() {},
}

/** Writes what a load has read under the version that is the newest by then, instead of its own. */
export function createTableStore(options: TableStoreOptions): TableStore {
  const right = createRight(options)
  const writer = createStoreWriter({ ...options, confirm: async () => {}, isCurrent: () => true })
  let newest: StoreNamespace | undefined

  const later = (write: (to: StoreNamespace) => void) =>
    void setTimeout(() => newest && write(newest), Math.random() * DELAY).unref()
  const late: StoreWriter = {
    ...writer,
    row: (_, key, row) => later((to) => writer.row(to, key, row)),
    absence: (_, key) => later((to) => writer.absence(to, key)),
    list: (_, key, rows) => later((to) => writer.list(to, key, rows)),
    table: (_, rows, how) => later((to) => writer.table(to, rows, how)),
  }

  return Object.create(right, {
    recorder: {
      value: (): ReturnType<TableStore['recorder']> => (publication) =>
        newest
          ? recordingPublication(publication ?? NOWHERE, {
              ...{ namespace: newest, writer: late, keepsAbsences: true },
            })
          : publication,
    },
    look: {
      value(): ReturnType<TableStore['look']> {
        const found = right.look()
        return (content) => {
          newest = content?.namespace ?? newest
          found(content)
        }
      },
    },
  })
}
