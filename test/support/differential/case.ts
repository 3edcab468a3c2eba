import type fc from 'fast-check'

export type Protocol = 'query' | 'execute'

export const BOTH_PROTOCOLS: readonly Protocol[] = ['query', 'execute']

/** A JavaScript value asked as a key, and the same value as the lone comparison gets it. */
export interface Spelling {
  readonly key: unknown
  /** The parameter of `select … where k = ?`, if it is not the key itself. */
  readonly lone?: unknown
}

/** One column type under test: rows that are in the table, and keys that are asked of it. */
export interface ColumnCase {
  /** The table's name. */
  readonly name: string
  /** Of the column, such as `varchar(5) character set ascii collate ascii_bin`. */
  readonly type: string
  /** Values to insert; the server drops duplicates and bends what does not fit: what it keeps are the rows. */
  readonly rows: readonly unknown[]
  /** Keys asked besides the rows' own values and the generated ones. */
  readonly keys: readonly Spelling[]
  readonly generated: fc.Arbitrary<Spelling>
  /** How many generated keys are asked, and as many are inserted beforehand. */
  readonly runs?: number
  /** Whether a key may be sent at all, written down apart from the implementation. */
  accepts(key: unknown): boolean
  /** What the placeholder of the lone comparison stands in, where a bare `?` would compare as something else. */
  readonly comparison?: string
  /** The protocols that carry a key as what it is, where one of them does not. */
  protocols?(key: unknown): readonly Protocol[]
  /** Makes the unique column `u` a generated one. */
  readonly unique?: 'virtual' | 'stored'
}

/** What the lone comparison of a key is asked with. */
export function loneValue(spelling: Spelling): unknown {
  return ('lone' in spelling ? spelling.lone : spelling.key) ?? null
}

export const spellings = (...keys: readonly unknown[]): Spelling[] => keys.map((key) => ({ key }))
