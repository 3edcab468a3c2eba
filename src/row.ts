import type { TableMetadata } from './table.ts'

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
  const primary = columns.indexOf(table.primaryKey[0]!)
  return {
    columns,
    read(values, from) {
      if (values[from + primary] === null) return undefined
      const row: Record<string, unknown> = {}
      for (const [index, name] of columns.entries()) setColumn(row, name, values[from + index])
      return Object.freeze(row)
    },
  }
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
