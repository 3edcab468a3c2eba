import type { Publication } from '../cache/generation.ts'
import type { StoreNamespace } from '../store/store.ts'
import type { StoreWriter } from './store-writer.ts'

/** Holds in the process what is published, and has it written to the store too. */
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
  return {
    publish(row, asked) {
      const entry = publication.publish(row, asked)
      if (asked) writer.row(namespace, asked, entry.row)
      return entry
    },
    publishAll(rows) {
      const entries = publication.publishAll(rows)
      writer.table(namespace, entries, { isWhole: keepsAbsences })
      return entries
    },
    publishAbsence(key) {
      publication.publishAbsence(key)
      if (keepsAbsences) writer.absence(namespace, key)
    },
    publishList(key, entries) {
      publication.publishList(key, entries)
      if (keepsAbsences) writer.list(namespace, key, entries)
    },
  }
}
