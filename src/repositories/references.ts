import { columnType } from '../columns/column-types.ts'
import { ConfigurationError, InvalidKeyError, RowNotFoundError } from '../errors.ts'
import type { RowOf } from '../keys/key-types.ts'
import type { ForeignKeyOf, ReferencedRow, ReferenceName, ReferringRow } from '../keys/reference-types.ts'
import type { ColumnMetadata, TableMetadata, TablesMetadata } from '../metadata.ts'
import type { RepositoryParts } from './repository-parts.ts'

/**
 * The reads of a table with foreign keys. Rows come from the repository of the referenced table in the same `repos`, request or
 * transaction: batched, remembered and cached as its lookups are.
 *
 * @example
 * ```ts
 * const countryOf = (cities: ReferenceReads<DB, typeof tables, 'city'>, code: string) =>
 *   cities.findReferenced({ country_code: code }, 'country_code')
 * ```
 */
export interface ReferenceReads<DB, Tables extends TablesMetadata, Name extends keyof DB & keyof Tables> {
  /**
   * Finds the row that a row of this table refers to. `undefined`, without a statement, if a column of the foreign key is null.
   * `reference` is the column of a one-column key, or the constraint's name.
   *
   * @example
   * ```ts
   * const city = await repos.city.findByKeyOrThrow(2988507)
   * const country = await repos.city.findReferenced(city, 'country_code')
   * ```
   * @throws InvalidKeyError if the row lacks a column of the key or has a value that may be read for another one, and what `findByKey`
   * of the referenced table throws.
   */
  findReferenced<Reference extends ReferenceName<Tables, Name>>(
    row: ReferringRow<RowOf<DB, Name>, ForeignKeyOf<Tables[Name], Reference>>,
    reference: Reference,
  ): Promise<ReferencedRow<DB, ForeignKeyOf<Tables[Name], Reference>> | undefined>
  /**
   * Finds the row that a row of this table refers to.
   *
   * @example
   * ```ts
   * const city = await repos.city.findByKeyOrThrow(2988507)
   * const { name } = await repos.city.findReferencedOrThrow(city, 'country_code')
   * ```
   * @throws RowNotFoundError if it refers to none, because of a null or without a row, and what `findReferenced` throws.
   */
  findReferencedOrThrow<Reference extends ReferenceName<Tables, Name>>(
    row: ReferringRow<RowOf<DB, Name>, ForeignKeyOf<Tables[Name], Reference>>,
    reference: Reference,
  ): Promise<ReferencedRow<DB, ForeignKeyOf<Tables[Name], Reference>>>
}

/** A foreign key, ready to be followed. */
interface Reference {
  /** The name of the target's repository. */
  readonly target: string
  readonly targetTable: TableMetadata | undefined
  readonly columns: readonly string[]
  readonly targetColumns: readonly string[]
  /** Whether the value alone is a key: that of a one-column primary key. */
  readonly scalar: boolean
  /** The column whose value the server may mean another one by, so that it may refer to another row. */
  ambiguous(values: readonly unknown[]): string | undefined
}

export type References = ReadonlyMap<string, Reference>

/** The foreign keys of a table; undefined if it has none. */
export function referencesOf(table: TableMetadata, tables: TablesMetadata): References | undefined {
  const keys = Object.entries(table.foreignKeys ?? {})
  if (keys.length === 0) return undefined
  return new Map(
    keys.map(([name, { columns, targetTable: target, targetColumns }]) => {
      const targetTable = Object.hasOwn(tables, target) ? tables[target] : undefined
      const primaryKey = targetTable?.primaryKey ?? []
      const scalar =
        targetColumns.length === 1 && primaryKey.length === 1 && primaryKey[0] === targetColumns[0]
      const ambiguous = (values: readonly unknown[]) =>
        columns.find((column, at) =>
          [columnOf(table, column), columnOf(targetTable, targetColumns[at]!)].some((one) =>
            isAmbiguous(one, values[at]),
          ),
        )
      return [name, { target, targetTable, columns, targetColumns, scalar, ambiguous }]
    }),
  )
}

function columnOf(table: TableMetadata | undefined, name: string): ColumnMetadata | undefined {
  return table?.columns.find((column) => column.name === name)
}

/** Every text of theirs has a counterpart in Unicode, so that a question mark is one. */
const LOSSLESS = /^(?:utf|ucs2|ascii|latin1)/

function isAmbiguous(column: ColumnMetadata | undefined, value: unknown): boolean {
  const { key } = columnType(column ?? { type: '' })
  if (!column || typeof key === 'string') return false
  const lossless = column.values === undefined && LOSSLESS.test(column.charset ?? '')
  const read = lossless && typeof value === 'string' ? value.replaceAll('?', '') : value
  return key(column).ambiguity?.isAmbiguous(read) ?? false
}

/** What a repository has besides, if its table has foreign keys. Rows come from the repositories of the same set. */
export function referenceReads({
  table,
  references,
  set,
}: Pick<RepositoryParts, 'table' | 'references' | 'set'>): object {
  function referenceOf(name: string): Reference {
    const reference = references!.get(name)
    if (reference) return reference
    throw new ConfigurationError({
      kind: 'generated-file',
      problem: `${table.name} has no foreign key ${JSON.stringify(name)} in the generated metadata`,
      fix: `It has ${[...references!.keys()].join(', ')}. Run kysely-lookup generate after a migration.`,
    })
  }

  /** Undefined if a part is null. */
  function keyIn(row: unknown, { columns, targetColumns, scalar, ambiguous }: Reference): unknown {
    const values: unknown[] = []
    for (const column of columns) {
      const value = (row as Readonly<Record<string, unknown>> | null | undefined)?.[column]
      if (value === undefined) {
        throw new InvalidKeyError(
          table.name,
          `expected a row with ${columns.join(', ')}, got one without ${column}.`,
        )
      }
      values.push(value)
    }
    const column = ambiguous(values)
    if (column !== undefined) {
      throw new InvalidKeyError(
        table.name,
        `column ${column}: expected a value that is read as no other one, got one that may refer to several rows. Join the tables in a query.`,
        { column },
      )
    }
    if (values.includes(null)) return undefined
    return scalar ? values[0] : Object.fromEntries(targetColumns.map((name, at) => [name, values[at]]))
  }

  function findReferenced(row: unknown, name: string): Promise<unknown> {
    try {
      const reference = referenceOf(name)
      const key = keyIn(row, reference)
      if (key === undefined) return Promise.resolve(undefined)
      return set.$table(reference.target).findByKey(key)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  return {
    findReferenced,
    async findReferencedOrThrow(row: unknown, name: string): Promise<unknown> {
      const found = await findReferenced(row, name)
      if (found !== undefined) return found
      const { target, targetTable, targetColumns } = referenceOf(name)
      throw new RowNotFoundError(targetTable?.name ?? target, targetColumns, { instead: 'findReferenced' })
    },
  }
}
