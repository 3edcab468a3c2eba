import type { Identity } from '../keys/identity.ts'
import type { KeyDefinition } from '../keys/key.ts'
import { createKeyIndex } from '../keys/key-index.ts'
import type { Row } from '../rows/row.ts'

/**
 * Rows that made room for others, for as long as somebody uses them: read again, such a row is the same object. A row in it survives all
 * young collections, so that it is for those alone that callers may rely on.
 */
export interface DroppedRows {
  add(row: Row, identity: Identity): void
  find(identity: Identity): Row | undefined
  delete(identity: Identity): void
}

export function createDroppedRows({ parts }: KeyDefinition): DroppedRows {
  const references = createKeyIndex<WeakRef<Row>>(parts)
  const collected = new FinalizationRegistry<{ identity: Identity; reference: WeakRef<Row> }>(
    ({ identity, reference }) => references.delete(identity, reference),
  )

  return {
    add(row, identity) {
      const reference = new WeakRef(row)
      references.set(identity, reference)
      collected.register(row, { identity, reference })
    },
    find: (identity) => references.get(identity)?.deref(),
    delete(identity) {
      const reference = references.get(identity)
      if (reference) references.delete(identity, reference)
    },
  }
}
