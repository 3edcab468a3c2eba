/** What a held row takes of the heap, next to a plain object in a Map. */
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import type { Side } from '../peer.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'
import type { MemoryOptions } from './memory-side.ts'

interface MemorySide {
  readonly side: Side
  readonly state: string
}

const immutable = { module: 'sides/lookup', variant: 'immutable' }
const oneKey = { module: 'sides/lookup', variant: 'immutable, one key' }
const versioned = { module: 'sides/lookup', variant: 'versioned' }

const SIDES: Record<string, MemorySide> = {
  'row in a Map': { side: { module: 'sides/map', variant: 'rows' }, state: 'held' },
  'promise in a Map': { side: { module: 'sides/map', variant: 'promises' }, state: 'held' },
  'Kysely + DataLoader + Map': { side: { module: 'sides/dataloader', variant: 'ideal' }, state: 'held' },
  'immutable, one key, before a hit': { side: oneKey, state: 'held' },
  'immutable, one key, after hits': { side: oneKey, state: 'hit' },
  'immutable, three keys, before a hit': { side: immutable, state: 'held' },
  'immutable, three keys, after hits': { side: immutable, state: 'hit' },
  'immutable, three keys, after hits by two': { side: immutable, state: 'alias' },
  'versioned, three keys, before a hit': { side: versioned, state: 'held' },
}

const ROWS = 50_000

export async function memory({ servers, quick }: BenchContext): Promise<Figure[]> {
  const server = servers[0]!
  const baseline = Object.keys(SIDES)[0]!
  const comparison = await compare({
    baseline,
    processes: quick ? 1 : 3,
    rounds: 1,
    warmup: 0,
    sides: Object.fromEntries(
      Object.entries(SIDES).map(([name, { side, state }]) => {
        const options: MemoryOptions = { rows: ROWS, state }
        return [
          name,
          () => startSide({ case: 'memory', side, url: server.url, options, node: ['--expose-gc'] }),
        ]
      }),
    ),
  })
  const what = `${ROWS.toLocaleString('en')} rows held`
  return figuresOf({ case: 'memory', server: server.name, what, unit: 'bytes a row' }, comparison, baseline)
}
