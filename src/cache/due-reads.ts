import type { Key, KeyDefinition, TableKeys } from '../keys/key.ts'
import type { Row } from '../rows/row.ts'
import type { AgingAnswer } from './expiring-generation.ts'

/** What is due of a table, by how it is read. */
export interface DueReads {
  /** Keys of rows and of absences. */
  readonly rows: ReadonlyMap<KeyDefinition, readonly Key[]>
  readonly lists: ReadonlyMap<KeyDefinition, readonly Key[]>
  /** The whole table. */
  readonly table: boolean
}

export function dueReads(answers: readonly AgingAnswer[], keys: TableKeys): DueReads {
  const keysOf = (kinds: readonly AgingAnswer['kind'][]) => {
    const found = answers.flatMap((answer) => {
      if (!kinds.includes(answer.kind) || answer.kind === 'table') return []
      return (answer.kind === 'row' ? ownKey(answer.row, keys) : answer.key) ?? []
    })
    return Map.groupBy(found, ({ definition }) => definition)
  }
  return {
    rows: keysOf(['row', 'absence']),
    lists: keysOf(['list']),
    table: answers.some(({ kind }) => kind === 'table'),
  }
}

/** The primary key that finds the row; undefined where it cannot be sent, or may find another one. */
function ownKey(row: Row, { definitions, identities, keyOf }: TableKeys): Key | undefined {
  const primary = definitions[0]!
  return identities.isAmbiguous(primary.parts, row) ? undefined : keyOf(primary, row)
}
