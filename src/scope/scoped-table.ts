import type { ProcessCache } from '../cache/process-cache.ts'
import type { Counters } from '../diagnostics/stats.ts'
import type { KeyDefinition, TableKeys } from '../keys/key.ts'
import type { TableMetadata } from '../metadata.ts'
import type { Entry } from '../rows/row.ts'
import type { KeyBatch } from './scope-loader.ts'
import type { SharedRows } from './shared-rows.ts'

/** Where a scope loads what neither it nor the process holds. */
export interface KeySource {
  rowsBy(definition: KeyDefinition): KeyBatch<Entry | undefined>
  listsBy(definition: KeyDefinition): KeyBatch<readonly Entry[]>
  /** What requests have asked for and others may share; of an `immutable` table. */
  readonly shared: SharedRows | undefined
}

/** What a scope needs of a table. */
export interface ScopedTable {
  /** Its place among the tables of the process. */
  readonly position: number
  readonly table: Pick<TableMetadata, 'name'>
  readonly keys: TableKeys
  readonly source: KeySource
  readonly counters: Counters
  /** The process-wide cache in front of the scope; none inside a transaction. */
  readonly cache?: ProcessCache | undefined
}
