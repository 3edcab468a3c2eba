import { DATE_PRECISION_LIMIT, impossibleDate, roundedInteger } from './decoding.ts'
import type { ColumnMetadata, TableMetadata } from './table.ts'

/** A row as every caller shares it: frozen, deeply. */
export type Row = Readonly<Record<string, unknown>>

/** Makes shared rows of one table out of the driver's values. */
export interface RowReader {
  /** The columns in the order in which `read` takes their values. */
  readonly columns: readonly string[]
  /** The row whose values begin at `from`; undefined where the primary key is NULL, which a missing join partner leaves. */
  read(values: readonly unknown[], from: number): Row | undefined
}

/** @see Row */
export function createRowReader(table: TableMetadata): RowReader {
  const columns = table.columns.map((column) => column.name)
  const guards = table.columns.map(guardOf)
  const primary = columns.indexOf(table.primaryKey[0]!)
  return {
    columns,
    read(values, from) {
      if (values[from + primary] === null) return undefined
      const row: Record<string, unknown> = {}
      for (const [index, name] of columns.entries()) {
        const value = values[from + index]
        const guard = guards[index]
        setColumn(row, name, guard ? guard(value) : value)
      }
      return Object.freeze(row)
    },
  }
}

/**
 * What the decoders of `createDatabase` see to, for a driver of the user's own: its settings may be right, and still
 * make two types of one column's values.
 */
function guardOf(column: ColumnMetadata): ((value: unknown) => unknown) | undefined {
  if (column.type === 'bigint' && column.as === undefined) {
    return (value) => (typeof value === 'string' ? roundedInteger(column.name) : value)
  }
  if (isReadAsDate(column)) {
    return (value) => {
      if (!(value instanceof Date) || !Number.isNaN(value.getTime())) return value
      return column.zeroDates === 'null' ? null : impossibleDate(column.name)
    }
  }
  if (column.type === 'vector') {
    return (value) => (Array.isArray(value) && value.length === 0 ? null : value)
  }
  return undefined
}

/** Whether values of the column are read as a `Date`, which cannot hold zero dates. */
export function isReadAsDate({ type, precision = 0 }: ColumnMetadata): boolean {
  return (type === 'datetime' || type === 'timestamp') && precision <= DATE_PRECISION_LIMIT
}

/** @throws the decoding error that stands in a value's place. */
function setColumn(row: Record<string, unknown>, name: string, value: unknown): void {
  if (value instanceof Error) throw value
  if (value instanceof Date) {
    const time = value.getTime()
    defineGetter(row, name, () => new Date(time))
  } else if (value instanceof Uint8Array) {
    // The driver's bytes are a slice of the packet they came in.
    const bytes = Buffer.from(value)
    defineGetter(row, name, () => Buffer.from(bytes))
  } else if (name === '__proto__') {
    Object.defineProperty(row, name, { value: deepFreeze(value), enumerable: true })
  } else {
    row[name] = deepFreeze(value)
  }
}

/** Dates and bytes cannot be frozen: each reader gets its own. */
function defineGetter(row: object, name: string, get: () => unknown): void {
  Object.defineProperty(row, name, { get, enumerable: true })
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
