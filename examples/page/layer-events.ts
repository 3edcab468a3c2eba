import { subscribe } from 'node:diagnostics_channel'
import type { BatchMessage, GenerationMessage } from 'kysely-lookup'
import type { BatchSample, VersionMove } from './sample.ts'
import { isAside } from './statement-count.ts'

/** What the channels have published since the last call. */
export interface LayerEvents {
  take(): { readonly batches: readonly BatchSample[]; readonly moves: readonly VersionMove[] }
}

/** Subscribes to the channels of kysely-lookup. */
export function collectLayerEvents(): LayerEvents {
  let batches: BatchSample[] = []
  let moves: VersionMove[] = []
  subscribe('tracing:kysely-lookup:batch:start', (message) => {
    const { table, kind, keys } = message as BatchMessage
    // Whole tables are read without keys.
    if (kind !== 'table' && !isAside()) batches.push({ table, keys })
  })
  subscribe('kysely-lookup:generation', (message) => {
    const { table, previous, rows } = message as GenerationMessage
    if (previous !== undefined) moves.push({ table, rows })
  })
  return {
    take() {
      const taken = { batches, moves }
      batches = []
      moves = []
      return taken
    },
  }
}
