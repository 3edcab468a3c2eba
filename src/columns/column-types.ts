import { ConfigurationError } from '../errors.ts'
import type { ColumnMetadata } from '../metadata.ts'
import { bytesTypes } from './bytes.ts'
import type { ColumnType, CopiedForm, Decoding, KeyColumn, SchemaColumn } from './column-type.ts'
import { numberTypes } from './number.ts'
import { otherTypes, unknownType } from './other.ts'
import { textTypes } from './text.ts'
import { timeTypes } from './time.ts'

/** Every column type of both servers. */
const COLUMN_TYPES = [...numberTypes, ...textTypes, ...timeTypes, ...bytesTypes, ...otherTypes]

const byName = new Map(COLUMN_TYPES.map((type) => [type.name, type]))

/** The type of a column of the generated metadata. */
export function columnType({ type }: Pick<ColumnMetadata, 'type'>): ColumnType {
  return byName.get(type) ?? unknownType(type)
}

/** The type of a column of the live schema. */
export function schemaColumnType(column: SchemaColumn): ColumnType {
  const recognized = COLUMN_TYPES.find((type) => type.recognizes?.(column))
  return recognized ?? columnType({ type: column.datatype })
}

/** How values are decoded, by the type's code in the protocol. */
export const decodings: ReadonlyMap<number | undefined, Decoding> = new Map(
  COLUMN_TYPES.flatMap(({ decoding }) => (decoding ? [[decoding.code, decoding]] : [])),
)

/** Every form of values that a shared row hands out copies of. */
export const copiedForms: readonly CopiedForm[] = [
  ...new Set(COLUMN_TYPES.flatMap(({ copied }) => copied ?? [])),
]

/** Every name that the TypeScript of column types mentions. */
export const typeNames: readonly string[] = [
  ...new Set(COLUMN_TYPES.flatMap(({ typeNames = {} }) => Object.keys(typeNames))),
]

const equal = (column: string, input: string) => `${column} = ${input}`

/** @throws ConfigurationError for a type whose values cannot be matched reliably. */
export function keyColumn(table: string, column: ColumnMetadata): KeyColumn {
  const { key } = columnType(column)
  if (typeof key === 'string') {
    throw new ConfigurationError({
      kind: 'option',
      problem: `${table}.${column.name}: a column of type ${column.type} cannot be part of a key: ${key}`,
      fix: 'Generate the metadata again with kysely-lookup generate, which leaves such keys out.',
    })
  }
  return { condition: equal, ...key(column), name: column.name }
}
