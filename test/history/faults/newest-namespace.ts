import { recordingPublication } from '../../../src/loading/recording-publication.ts'
import { createStoreWriter } from '../../../src/loading/store-writer.ts'
import {
  createTableStore as createRight,
  type TableStore,
  type TableStoreOptions,
} from '../../../src/loading/table-store.ts'
import { takeRows } from '../../../src/rows/rows-read.ts'
import type { StoreNamespace } from '../../../src/store/store.ts'

export * from '../../../src/loading/table-store.ts'

/** Takes in what may be shared with nobody. */
const NOWHERE: Parameters<typeof recordingPublication>[0] = {
  publish: (row) => ({ row, promise: undefined }),
  publishAll: (rows) => takeRows(rows).map((row) => ({ row, promise: undefined })),
  publishAbsence() {},
  publishList() {},
}

/** Writes what a load has read under the version that is the newest when it arrives, instead of its own. */
export function createTableStore(options: TableStoreOptions): TableStore {
  const right = createRight(options)
  const writer = createStoreWriter({ ...options, confirm: async () => {}, isCurrent: () => true })
  let newest: StoreNamespace | undefined

  return Object.create(right, {
    flush: {
      async value() {
        await right.flush()
        await writer.flush()
      },
    },
    recorder: {
      value: (): ReturnType<TableStore['recorder']> => (publication) =>
        newest
          ? recordingPublication(publication ?? NOWHERE, {
              ...{ namespace: newest, writer, keepsAbsences: true },
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
