import type { Ambiguity, KeyColumn } from '../columns/column-type.ts'
import type { TableMetadata } from '../metadata.ts'
import type { Row } from '../rows/row.ts'

/** What a cache knows a key by: equal (as by `Map`) for spellings that are the same to every server. */
export type Token = string | number | bigint

/** The tokens of a row's own values; undefined where one is NULL or cannot be sent. */
export function tokensOf(parts: readonly KeyColumn[], row: Row): Token[] | undefined {
  const tokens: Token[] = []
  for (const column of parts) {
    const value = row[column.name]
    // What a row of the server holds is well-formed and in the column's range.
    if (typeof value === column.rawType) {
      tokens.push(value as Token)
      continue
    }
    const encoded = value === null ? undefined : column.encode(value)
    if (encoded === undefined || encoded === null) return undefined
    tokens.push(scalarToken(encoded))
  }
  return tokens
}

/** Whether a key of these columns that leads to one row leads to the other, too. */
export function haveSameTokens(parts: readonly KeyColumn[], row: Row, other: Row): boolean {
  const tokens = tokensOf(parts, row)
  return tokensOf(parts, other)?.every((token, index) => token === tokens?.[index]) ?? false
}

/** The token of a value that is not its own. */
export function scalarToken(json: string): Token {
  const token = JSON.parse(json) as string | number
  return typeof token === 'number' && !Number.isSafeInteger(token) ? BigInt(json) : token
}

/** What tells a row from all others: the tokens of its primary key, or a text where that key, as it is read, is not its own. */
export type Identity = readonly Token[] | string

/** Tells the rows of a table apart, also where several values of a key column are read as one. */
export interface RowIdentities {
  /** Whether the values of every row tell it apart: then nothing is ever distinguished. */
  readonly areExact: boolean
  /** Columns of the primary key that statements read a distinction of, after the table's columns: all of them, or those of common ambiguities. */
  distinguished(exact: boolean): readonly DistinguishedColumn[]
  /** Whether a row that was read without all distinctions needs them. Its columns begin at `from`. */
  needsDistinctions(values: readonly unknown[], from: number): boolean
  /** Takes note of the distinctions of a row that was read, which begin at `from` and end with the values. */
  distinguish(row: Row, values: readonly unknown[], from: number): void
  of(row: Row): Identity
  /** Whether the row's identity is known although its values alone do not tell it. */
  isDistinguished(row: Row): boolean
  /** Whether one of these columns holds a value that may be read for another one. */
  isAmbiguous(parts: readonly KeyColumn[], row: Row): boolean
  /** The tokens of a key that finds exactly this row; undefined where a part is NULL, cannot be sent, or may be read for another. */
  ownTokens(parts: readonly KeyColumn[], row: Row): readonly Token[] | undefined
}

export interface DistinguishedColumn extends KeyColumn {
  readonly ambiguity: Ambiguity
}

/** @param primaryKey its columns */
export function createRowIdentities(table: TableMetadata, primaryKey: readonly KeyColumn[]): RowIdentities {
  const all = primaryKey.filter((part): part is DistinguishedColumn => part.ambiguity !== undefined)
  const common = all.filter(({ ambiguity }) => !ambiguity.rare)
  const rare = all
    .filter(({ ambiguity }) => ambiguity.rare)
    .map(({ name, ambiguity }) => ({ ambiguity, at: table.columns.findIndex((one) => one.name === name) }))
  /** The rows with ambiguous values. */
  let known: WeakMap<Row, Identity> | undefined

  function isAmbiguous(parts: readonly KeyColumn[], row: Row): boolean {
    for (const { ambiguity, name } of parts) if (ambiguity?.isAmbiguous(row[name])) return true
    return false
  }

  /** As the values are: one that cannot be sent (a zero date) is a text. */
  function readTokens(row: Row): readonly Token[] {
    return (
      tokensOf(primaryKey, row) ??
      primaryKey.map((part) => tokensOf([part], row)?.[0] ?? String(row[part.name]))
    )
  }

  return {
    areExact: all.length === 0,
    distinguished: (exact) => (exact ? all : common),
    needsDistinctions(values, from) {
      for (const { ambiguity, at } of rare) if (ambiguity.isAmbiguous(values[from + at])) return true
      return false
    },
    distinguish(row, values, from) {
      if (values.length === from || !isAmbiguous(all, row)) return
      const parts = values.length - from === all.length ? all : common
      const distinctions = new Map(
        parts.map(({ name }, index) => [name, values[from + index] as string | null]),
      )
      const tokens = readTokens(row)
      const isOwn = parts.every(
        ({ name, ambiguity }) => distinctions.get(name) === null || !ambiguity.isAmbiguous(row[name]),
      )
      known ??= new WeakMap()
      known.set(
        row,
        isOwn
          ? tokens
          : JSON.stringify(
              tokens.map((token, index) => [
                String(token),
                distinctions.get(primaryKey[index]!.name) ?? null,
              ]),
            ),
      )
    },
    of: (row) => known?.get(row) ?? readTokens(row),
    isDistinguished: (row) => known?.has(row) ?? false,
    isAmbiguous,
    ownTokens: (parts, row) => (isAmbiguous(parts, row) ? undefined : tokensOf(parts, row)),
  }
}
