/** What it costs to read rows that nothing remembers, by how many keys are asked for at once. */
import type { BenchContext } from '../context.ts'
import { type Figure, figuresOf } from '../figure.ts'
import type { Side } from '../peer.ts'
import { compare } from '../rounds.ts'
import { startSide } from '../side-process.ts'
import type { BatchOptions } from './batch-side.ts'

/**
 * By the number of keys: lists in a round, and rounds in each process, measured and before. A lone key is measured when
 * the compiler has ended its work, which for the longest path here takes some 30,000 calls: a service gets there in
 * seconds.
 */
const SIZES = [
  { keys: 1, lists: 500, processes: 1, rounds: 20, warmup: 80 },
  { keys: 10, lists: 100, processes: 1, rounds: 30, warmup: 20 },
  { keys: 100, lists: 30, processes: 1, rounds: 30, warmup: 20 },
  { keys: 1_000, lists: 5, processes: 3, rounds: 10, warmup: 10 },
  { keys: 4_000, lists: 2, processes: 1, rounds: 24, warmup: 10 },
]

/** A query for each key is measured up to here. */
const MOST_ONE_BY_ONE = 100

const ONE_KEY: Record<string, Side> = {
  'Kysely, = ?': { module: 'sides/kysely', variant: 'one' },
  'mysql2 query, = ?': { module: 'sides/mysql2', variant: 'query = ?' },
  'mysql2 execute, = ?': { module: 'sides/mysql2', variant: 'execute = ?' },
}

const LISTS: Record<string, Side> = {
  'Kysely, in': { module: 'sides/kysely', variant: 'in' },
  'mysql2 query, in (?)': { module: 'sides/mysql2', variant: 'query' },
  'mysql2 execute, JSON_TABLE': { module: 'sides/mysql2', variant: 'json_table' },
  'C client, JSON_TABLE': { module: 'sides/c-client' },
  'findByKeys, no scope': { module: 'sides/lookup', variant: 'request, no scope' },
  'findByKeys, per request': { module: 'sides/lookup', variant: 'request' },
  'findByKeys, immutable': { module: 'sides/lookup', variant: 'immutable' },
  'findByKeys, versioned': { module: 'sides/lookup', variant: 'versioned' },
  'findByKeys, versioned, one slot': { module: 'sides/lookup', variant: 'versioned, one slot' },
  'Kysely + DataLoader': { module: 'sides/dataloader', variant: 'request' },
  'Kysely + DataLoader + Map': { module: 'sides/dataloader', variant: 'ideal' },
  'layered-loader getMany': { module: 'peers/layered-loader' },
  'Prisma findUnique': { module: 'peers/prisma', variant: 'findUnique' },
  'Prisma findMany': { module: 'peers/prisma', variant: 'findMany' },
  'Drizzle inArray': { module: 'peers/drizzle' },
  'TypeORM In': { module: 'peers/typeorm' },
  'MikroORM $in': { module: 'peers/mikro-orm', variant: 'identity map' },
  'Sequelize Op.in': { module: 'peers/sequelize' },
  bentocache: { module: 'peers/bentocache' },
}
/** Slow enough at the larger sizes to leave them out of a first look. */
const REST = Object.keys(LISTS).slice(Object.keys(LISTS).indexOf('layered-loader getMany'))

export async function batch({ servers, quick, wants, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const { keys, lists, processes, rounds, warmup } of SIZES) {
    const what = `${keys.toLocaleString('en')} keys`
    if (!wants(what)) continue
    for (const server of servers) {
      progress(`${what}, ${server.name}`)
      const all: Record<string, Side> = keys <= MOST_ONE_BY_ONE ? { ...ONE_KEY, ...LISTS } : LISTS
      const sides = Object.entries(all).filter(([name]) => !(quick && REST.includes(name)))
      const baseline = keys === 1 ? 'Kysely, = ?' : 'Kysely, in'
      const comparison = await compare({
        baseline,
        processes: quick ? 1 : processes,
        rounds: quick ? Math.ceil(rounds / 3) : rounds,
        warmup: quick ? Math.ceil(warmup / 5) : warmup,
        sides: Object.fromEntries(
          sides.map(([name, side]) => {
            const options: BatchOptions = { keys, lists }
            return [name, () => startSide({ case: 'batch', side, url: server.url, options })]
          }),
        ),
      })
      figures.push(
        ...figuresOf({ case: 'batch', server: server.name, what, unit: 'µs' }, comparison, baseline),
      )
    }
  }
  return figures
}
