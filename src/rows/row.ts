import { columnType, copiedForms } from '../columns/column-types.ts'
import type { DecodingOptions } from '../columns/decoding-options.ts'
import { isSmallInteger, widenedInteger } from '../columns/number.ts'
import { UnrepresentableValueError } from '../errors.ts'
import type { ColumnMetadata, TableMetadata } from '../metadata.ts'
import { createCopiedProperty, type DefineCopied, defineInspection } from './defensive-copy.ts'

/** A row that all callers share: deeply frozen. Dates and bytes in it are copied at each access. */
export type Row = Readonly<Record<string, unknown>>

/**
 * A row that is held or has just been read. A class, because the engine may put literals into the old space from the beginning. Its
 * properties are declared alone: a class field is undefined first, and the engine then knows neither that it is constant nor what it holds.
 */
export class Entry {
  declare readonly row: Row
  /**
   * Made at the first hit and kept, so that later hits allocate nothing. It is also the
   * row's mark for eviction: the row was used. Null where that mark was taken away again.
   */
  declare promise: Promise<Row> | null | undefined

  constructor(row: Row) {
    this.row = row
    this.promise = undefined
  }
}

/** Makes shared rows of one table from the driver's values. */
export interface RowReader {
  /** The columns in the order in which `read` takes their values. */
  readonly columns: readonly string[]
  /** The row whose values begin at `from`; undefined if the primary key is NULL, because the join found no row. */
  read(values: readonly unknown[], from: number): Row | undefined
}

/** @see Row */
export function createRowReader(table: TableMetadata, { bigint }: DecodingOptions = {}): RowReader {
  const columns = table.columns.map((column) => column.name)
  const copiers = table.columns.map((column) => createCopier(table, column))
  // Assigning to a name that every object has (`constructor`, `__proto__`) may not create a property.
  const inherited = columns.map((name) => name in Object.prototype)
  const presence = presenceOf(table)
  const Plain = inherited.includes(true) ? undefined : rowClassOf(table, columns)
  const asNumbers = numberReader(table, bigint)

  /** Whether every value can be shared as it is. */
  function isPlain(values: readonly unknown[], from: number): boolean {
    for (let at = from; at < from + columns.length; at++) {
      const value = values[at]
      if (typeof value === 'object' && value !== null) return false
    }
    return true
  }

  return {
    columns,
    read(given, from) {
      if (given[from + presence] === null) return undefined
      const values = asNumbers ? asNumbers(given, from) : given
      if (Plain && isPlain(values, from)) return Object.freeze(new Plain(values, from))
      const row: Record<string, unknown> = {}
      let copied = false
      for (let index = 0; index < columns.length; index++) {
        const name = columns[index]!
        const value = values[from + index]
        if (typeof value === 'object' && value !== null && copiers[index]!(row, value)) {
          copied = true
        } else if (inherited[index]) {
          Object.defineProperty(row, name, { value: deepFreeze(value), enumerable: true })
        } else {
          row[name] = deepFreeze(value)
        }
      }
      if (copied) defineInspection(row)
      return Object.freeze(row)
    },
  }
}

/** Reads integers as they were generated, though the column may have grown to a BIGINT, which the database reads as another type. */
function numberReader({ columns }: TableMetadata, bigint: DecodingOptions['bigint'] = 'number') {
  const indexes = columns.flatMap((column, index) => (isSmallInteger(column) ? [index] : []))
  if (bigint === 'number' || indexes.length === 0) return undefined
  return (given: readonly unknown[], from: number): readonly unknown[] => {
    let values: unknown[] | undefined
    for (const index of indexes) {
      const value = given[from + index]
      if (typeof value !== 'bigint' && typeof value !== 'string') continue
      values ??= [...given]
      const number = Number(value)
      values[from + index] = Number.isSafeInteger(number) ? number : widenedInteger(columns[index]!.name)
    }
    return values ?? given
  }
}

/**
 * Where a value is NULL if there is no row: at a column of the primary key, unless each of them may be read as null; then at the
 * first distinction behind the columns.
 */
function presenceOf({ columns, primaryKey }: TableMetadata): number {
  const at = columns.findIndex((column) => {
    const { key } = columnType(column)
    return (
      primaryKey.includes(column.name) && typeof key !== 'string' && !key(column).ambiguity?.isAmbiguous(null)
    )
  })
  return at < 0 ? columns.length : at
}

type RowClass = new (values: readonly unknown[], from: number) => Record<string, unknown>

/** One for each table, whatever repositories read it: the engine has compiled what takes its rows for rows of this class. */
const rowClasses = new WeakMap<TableMetadata, RowClass | undefined>()

function rowClassOf(table: TableMetadata, columns: readonly string[]): RowClass | undefined {
  if (!rowClasses.has(table)) rowClasses.set(table, createRowClass(columns))
  return rowClasses.get(table)
}

/**
 * A constructor that assigns all columns. Because the engine knows them in advance, this takes a third of the time and half of the memory
 * of adding columns one by one. (mysql2 makes its parsers in the same way.) An object literal would be as fast, but literals that
 * survive a few collections are put into the old space from then on, where each is kept until the whole heap is collected, with what
 * it refers to. Undefined if the process does not allow code from strings.
 */
function createRowClass(columns: readonly string[]): RowClass | undefined {
  const assignments = columns.map((name, index) => `this[${JSON.stringify(name)}] = values[from + ${index}]`)
  try {
    const Plain = new Function('values', 'from', assignments.join('\n'))
    Plain.prototype = Object.prototype
    return Plain as never
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}

/**
 * Gives the row a value that cannot be frozen, and says whether it was one.
 * @throws the decoding error that stands in place of a value.
 */
type Copier = (row: object, value: object) => boolean

function createCopier(table: TableMetadata, { name, columnName = name }: ColumnMetadata): Copier {
  const defined: DefineCopied<unknown>[] = []
  return (row, value) => {
    for (let index = 0; index < copiedForms.length; index++) {
      const form = copiedForms[index]!
      const payload = form.keep(value)
      if (payload === undefined) continue
      const define = defined[index] ?? createCopiedProperty(name, (kept) => form.copy(kept))
      defined[index] = define
      define(row, payload)
      return true
    }
    if (value instanceof UnrepresentableValueError) {
      // The statement's own name of the column says nothing to its reader.
      throw new UnrepresentableValueError(`${table.name}.${columnName}`, value.problem)
    }
    if (value instanceof Error) throw value
    return false
  }
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) deepFreeze(part)
  return Object.freeze(value)
}
