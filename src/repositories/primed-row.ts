import { InvalidKeyError } from '../errors.ts'
import type { TableKeys } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import type { Row, RowReader } from '../rows/row.ts'

interface PrimedRowOptions {
  readonly table: TableMetadata
  readonly rowReader: RowReader
  readonly keys: TableKeys
}

/**
 * A row as repositories return it, made from one that was read elsewhere; that one is neither frozen nor shared. Where its values
 * alone do not tell it from others, it has to be a repository's.
 */
export function primedRow(given: Readonly<Record<string, unknown>>, options: PrimedRowOptions): Row {
  const { table, rowReader, keys } = options
  if (keys.identities.isDistinguished(given)) return given
  const values = rowReader.columns.map((name) => ownCopy(given[name]))
  const missing = rowReader.columns.filter((_, index) => values[index] === undefined)
  if (missing.length > 0) {
    throw new InvalidKeyError(
      table.name,
      `prime: expected a whole row, got one without ${missing.join(', ')}.`,
    )
  }
  const row = rowReader.read(values, 0)
  const [primaryKey] = keys.definitions
  if (row && keys.identities.isAmbiguous(primaryKey!.parts, row)) {
    throw new InvalidKeyError(
      table.name,
      'prime: expected a row that a repository returned. Other rows of the table may read alike in their primary key.',
    )
  }
  if (row && keys.keyOf(primaryKey!, row)) return row
  throw new InvalidKeyError(table.name, 'prime: expected a row with a primary key that can be asked for.')
}

function ownCopy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value
}
