import type { Publication } from '../cache/generation.ts'
import type { Entry, Row } from '../rows/row.ts'
import { takeRows } from '../rows/rows-read.ts'
import type { StoreNamespace } from '../store/store.ts'
import type { StoreWriter } from './store-writer.ts'

/** Holds in the process what is published, and has it written to the store too: what was read, whatever the process holds. */
export function recordingPublication(
  publication: Publication,
  options: {
    readonly namespace: StoreNamespace
    readonly writer: StoreWriter
    /** Whether absences, lists and the whole table last as long as the version. */
    readonly keepsAbsences: boolean
  },
): Publication {
  const { namespace, writer, keepsAbsences } = options
  /** What was read, where the process holds the row already: as it was read before, which may be another content. */
  const readAs = new Map<Entry, Row>()
  return {
    publish(row, asked) {
      const entry = publication.publish(row, asked)
      if (asked) writer.row(namespace, asked, row)
      else if (entry.row !== row) readAs.set(entry, row)
      return entry
    },
    publishAll(rows) {
      const read = takeRows(rows)
      writer.table(namespace, read, { isWhole: keepsAbsences })
      return publication.publishAll(read)
    },
    publishAbsence(key) {
      publication.publishAbsence(key)
      if (keepsAbsences) writer.absence(namespace, key)
    },
    publishList(key, entries) {
      publication.publishList(key, entries)
      if (keepsAbsences) {
        writer.list(
          namespace,
          key,
          entries.map((entry) => readAs.get(entry) ?? entry.row),
        )
      }
    },
  }
}
